using EmbedStore.Shards;

namespace EmbedStore.Serving.Tests.Faults;

/// <summary>The physical disk, until it is told to be full or to break.</summary>
internal sealed class FailingDisk : IDisk
{
    private static readonly PhysicalDisk Physical = PhysicalDisk.Instance;

    public bool IsFull { get; set; }

    public bool IsBroken { get; set; }

    /// <summary>Files that cannot be put in their place.</summary>
    public Predicate<string> RefusesName { get; set; } = static _ => false;

    /// <summary>Folders that cannot be flushed.</summary>
    public Predicate<string> RefusesFlush { get; set; } = static _ => false;

    /// <summary>Files that cannot be read.</summary>
    public Predicate<string> RefusesRead { get; set; } = static _ => false;

    public IDiskFile Open(string path, bool create)
    {
        RequireRoom(path);
        return new OpenFile(this, path, Physical.Open(path, create));
    }

    public bool FileExists(string path) => Physical.FileExists(path);

    public IReadOnlyList<string> FileNames(string folder) => Physical.FileNames(folder);

    public void Rename(string path, string newPath)
    {
        Refuse(RefusesName(newPath), newPath);
        Physical.Rename(path, newPath);
    }

    public void Delete(string path) => Physical.Delete(path);

    public void CreateFolder(string path) => Physical.CreateFolder(path);

    public void DeleteFolder(string path) => Physical.DeleteFolder(path);

    public void FlushFolder(string path)
    {
        Refuse(RefusesFlush(path), path);
        Physical.FlushFolder(path);
    }

    public long FreeByteCount(string folder) => IsFull ? 0 : Physical.FreeByteCount(folder);

    public IDisposable? TryLock(string path) => Physical.TryLock(path);

    private static void Refuse(bool refuses, string path)
    {
        if (refuses)
        {
            throw new IOException($"Input/output error : '{path}'");
        }
    }

    private void RequireRoom(string path)
    {
        if (IsFull)
        {
            throw new DiskFullException(path);
        }
    }

    private sealed class OpenFile(FailingDisk disk, string path, IDiskFile file) : IDiskFile
    {
        public long Length => file.Length;

        public int Read(Span<byte> destination, long offset)
        {
            Refuse(disk.RefusesRead(path), path);
            return file.Read(destination, offset);
        }

        public void Write(ReadOnlySpan<byte> source, long offset)
        {
            disk.RequireRoom(path);
            if (disk.IsBroken)
            {
                throw new IOException($"Write to {path} failed.");
            }

            file.Write(source, offset);
        }

        public void SetLength(long length) => file.SetLength(length);

        public void Flush() => file.Flush();

        public void Dispose() => file.Dispose();
    }
}
