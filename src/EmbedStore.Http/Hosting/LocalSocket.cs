using System.Net.Sockets;
using System.Text;

namespace EmbedStore.Http;

/// <summary>The door for clients on the same host: a Unix domain socket, which is a file. Who may connect is who may write to that file.</summary>
internal static class LocalSocket
{
    /// <summary>What an address of this kind has room for: <c>sun_path</c> of unix(7) less its end. Unit: bytes of UTF-8.</summary>
    public const int PathByteCountMax = 107;

    private const string Setting = "EmbedStore:SocketPath";

    /// <summary>Makes room for the socket. A server that was killed leaves its file behind, and nobody can listen there while it lies.</summary>
    /// <param name="path">A relative path counts from the current folder.</param>
    /// <returns>The full path.</returns>
    /// <exception cref="StartException">Another program listens there, something else has that name, the folder is missing, or the name is too long.</exception>
    public static string Prepare(string path)
    {
        string full = Path.GetFullPath(path);
        if (Encoding.UTF8.GetByteCount(full) > PathByteCountMax)
        {
            throw new StartException($"{Setting}: {full} has {Encoding.UTF8.GetByteCount(full)} bytes; the name of a socket has at most {PathByteCountMax}.");
        }

        if (!Directory.Exists(Path.GetDirectoryName(full)))
        {
            throw new StartException($"{Setting}: the folder of {full} does not exist.");
        }

        if (File.Exists(full) || Directory.Exists(full))
        {
            RemoveStale(full);
        }

        return full;
    }

    private static void RemoveStale(string path)
    {
        switch (Answer(path))
        {
            case SocketError.Success:
                throw new StartException($"{Setting}: another program listens on {path}.");
            case SocketError.ConnectionRefused when IsSocket(path):
                File.Delete(path);
                break;
            default:
                throw new StartException($"{Setting}: {path} exists and is no socket that could be taken over.");
        }
    }

    /// <summary>A socket cannot be opened as a file, all else can. For both reading and writing, because a pipe would wait for its other end.</summary>
    private static bool IsSocket(string path)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
            return false;
        }
        catch (UnauthorizedAccessException)
        {
            return false;
        }
        catch (IOException)
        {
            return true;
        }
    }

    private static SocketError Answer(string path)
    {
        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            probe.Connect(new UnixDomainSocketEndPoint(path));
            return SocketError.Success;
        }
        catch (SocketException error)
        {
            return error.SocketErrorCode;
        }
    }
}
