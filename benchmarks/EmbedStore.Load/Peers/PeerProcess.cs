using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace EmbedStore.Load;

/// <summary>A server that this program started. It listens on loopback and ends with this object, which <see cref="Cleanup"/> ends at the latest.</summary>
/// <remarks>Between the two stands a <see cref="Guard"/>, so that it ends also when this program is killed.</remarks>
internal sealed class PeerProcess : IDisposable
{
    private static readonly TimeSpan StartMax = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan RetryAfter = TimeSpan.FromMilliseconds(20);

    private readonly Process _guard;

    private PeerProcess(string path, IEnumerable<string> arguments, int port)
    {
        _guard = Guard.OfServer(path, arguments, out int id);
        Id = id;
        Port = port;
        Cleanup.Add(this);
    }

    /// <summary>On 127.0.0.1.</summary>
    public int Port { get; }

    /// <summary>Id of the process.</summary>
    public int Id { get; }

    /// <summary>Starts a program of the PATH on a free port and returns when it accepts connections.</summary>
    /// <param name="package">The distribution's package that has it.</param>
    /// <param name="arguments">Given the port.</param>
    /// <exception cref="PeerMissingException">It is not installed.</exception>
    /// <exception cref="WrongAnswerException">It did not listen in time.</exception>
    public static PeerProcess Start(string program, string package, Func<int, IEnumerable<string>> arguments)
    {
        string path = Find(program) ?? throw new PeerMissingException(program, package);
        int port = FreePort();
        var peer = new PeerProcess(path, arguments(port), port);
        peer.WaitUntilItListens(program);
        return peer;
    }

    /// <summary>The first line that a program of the PATH prints, or null when there is none.</summary>
    public static string? FirstLineOf(string program, params string[] arguments)
    {
        if (Find(program) is not { } path)
        {
            return null;
        }

        using Process process = Process.Start(new ProcessStartInfo(path, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        string? line = process.StandardOutput.ReadLine();
        process.WaitForExit();
        return line;
    }

    public void Dispose()
    {
        if (!Cleanup.Take(this))
        {
            return;
        }

        _guard.StandardInput.Close();
        _guard.WaitForExit();
        _guard.Dispose();
    }

    private static string? Find(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
        .Select(folder => Path.Combine(folder, program))
        .FirstOrDefault(File.Exists);

    /// <summary>Free now; another program may take it before the peer does, which then never listens.</summary>
    private static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    private void WaitUntilItListens(string program)
    {
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            if (Stopwatch.GetElapsedTime(start) > StartMax)
            {
                Dispose();
                throw new WrongAnswerException($"{program} does not listen on port {Port}.");
            }

            try
            {
                new PeerSocket(Port).Dispose();
                return;
            }
            catch (SocketException)
            {
                Thread.Sleep(RetryAfter);
            }
        }
    }
}
