namespace EmbedStore.Shards;

/// <summary>The file system of the operating system.</summary>
public sealed class PhysicalDisk : IDisk
{
    /// <summary>It has no state, so there is one.</summary>
    public static readonly PhysicalDisk Instance = new();

    private PhysicalDisk()
    {
    }

    /// <inheritdoc/>
    public IDiskFile Open(string path, bool create) => new PhysicalFile(path, create);

    /// <inheritdoc/>
    public bool FileExists(string path) => FilePresence.Of(path);

    /// <inheritdoc/>
    public IReadOnlyList<string> FileNames(string folder) => Directory.Exists(folder)
        ? [.. new DirectoryInfo(folder).EnumerateFiles().Select(file => file.Name).Order(StringComparer.Ordinal)]
        : [];

    /// <inheritdoc/>
    public void Rename(string path, string newPath) => File.Move(path, newPath, overwrite: true);

    /// <inheritdoc/>
    public void Delete(string path) => File.Delete(path);

    /// <inheritdoc/>
    public void CreateFolder(string path)
    {
        try
        {
            Directory.CreateDirectory(path);
        }
        catch (IOException error) when (FullDisk.IsMeantBy(error))
        {
            throw new DiskFullException(path, error);
        }
    }

    /// <inheritdoc/>
    public void DeleteFolder(string path)
    {
        if (Directory.Exists(path))
        {
            Directory.Delete(path, recursive: true);
        }
    }

    /// <inheritdoc/>
    public void FlushFolder(string path) => FolderSync.Flush(path);

    /// <inheritdoc/>
    public long FreeByteCount(string folder)
    {
        // On Linux any folder stands for its file system; on Windows only a root does.
        string full = Path.GetFullPath(folder);
        return new DriveInfo(OperatingSystem.IsWindows() ? Path.GetPathRoot(full)! : full).AvailableFreeSpace;
    }

    /// <inheritdoc/>
    public IDisposable? TryLock(string path)
    {
        try
        {
            // FileShare.None is flock(LOCK_EX) on Linux: it excludes other processes, and the kernel drops it with the last handle of a killed one.
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
        }
        catch (IOException error) when (error is not (FileNotFoundException or DirectoryNotFoundException or PathTooLongException))
        {
            return null;
        }
    }
}
