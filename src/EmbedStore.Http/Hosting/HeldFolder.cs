using System.Globalization;
using System.Text;

namespace EmbedStore.Http;

/// <summary>A folder that this process holds alone as long as this object lives.</summary>
/// <remarks>The operating system drops the hold when the process ends, however it ends: a killed server leaves nothing to clean up.</remarks>
public class HeldFolder : IDisposable
{
    /// <summary>The file whose lock is the hold. It contains the process id, for people.</summary>
    public const string LockFileName = "server.lock";

    private readonly FileStream? _lock;

    /// <summary>Creates the folder when it is missing, and takes hold of it.</summary>
    /// <param name="setting">Who named the folder; stands in front of what goes wrong.</param>
    /// <param name="path">A relative path counts from the current folder.</param>
    /// <param name="isShared">Other servers use the folder too: it is not held.</param>
    /// <exception cref="StartException">The folder cannot be written, or another server holds it.</exception>
    public HeldFolder(string setting, string path, bool isShared = false)
    {
        Path = System.IO.Path.GetFullPath(path);
        try
        {
            Directory.CreateDirectory(Path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw CannotWrite(setting, Path, error);
        }

        _lock = isShared ? null : Lock(setting, Path);
    }

    /// <summary>Full path.</summary>
    public string Path { get; }

    /// <summary>Lets go of the folder.</summary>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Lets go of the folder.</summary>
    protected virtual void Dispose(bool disposing) => _lock?.Dispose();

    private static FileStream Lock(string setting, string folder)
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
            throw new StartException($"{setting}: another server holds the folder {folder}.");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw CannotWrite(setting, folder, error);
        }
    }

    private static StartException CannotWrite(string setting, string folder, Exception error) =>
        new($"{setting}: the folder {folder} cannot be written: {error.Message}");
}
