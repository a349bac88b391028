using System.Globalization;
using System.Text;

namespace EmbedStore.Http;

/// <summary>The folder of all tables, held by this process alone as long as this object lives.</summary>
/// <remarks>The operating system drops the hold when the process ends, however it ends: a killed server leaves nothing to clean up.</remarks>
public sealed class DataFolder : IDisposable
{
    /// <summary>The file whose lock is the hold. It contains the process id, for people.</summary>
    public const string LockFileName = "server.lock";

    private readonly FileStream _lock;

    private DataFolder(string path, FileStream held)
    {
        Path = path;
        _lock = held;
    }

    /// <summary>Full path.</summary>
    public string Path { get; }

    /// <summary>Creates the folder when it is missing, and takes hold of it.</summary>
    /// <param name="path">A relative path counts from the current folder.</param>
    /// <exception cref="StartException">The folder cannot be written, or another server holds it.</exception>
    public static DataFolder Open(string path)
    {
        string full = System.IO.Path.GetFullPath(path);
        try
        {
            Directory.CreateDirectory(full);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw CannotWrite(full, error);
        }

        return new DataFolder(full, Lock(full));
    }

    /// <summary>Lets go of the folder.</summary>
    public void Dispose() => _lock.Dispose();

    private static FileStream Lock(string folder)
    {
        string path = System.IO.Path.Combine(folder, LockFileName);
        bool existed = File.Exists(path);
        try
        {
            var held = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            held.SetLength(0);
            held.Write(Encoding.ASCII.GetBytes(Environment.ProcessId.ToString(CultureInfo.InvariantCulture)));
            held.Flush();
            return held;
        }
        catch (IOException error) when (existed && error is not PathTooLongException)
        {
            throw new StartException($"EmbedStore:Data: another server holds the folder {folder}.");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw CannotWrite(folder, error);
        }
    }

    private static StartException CannotWrite(string folder, Exception error) =>
        new($"EmbedStore:Data: the folder {folder} cannot be written: {error.Message}");
}
