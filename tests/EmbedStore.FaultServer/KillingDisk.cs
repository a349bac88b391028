using EmbedStore.Shards;

namespace EmbedStore.FaultServer;

/// <summary>A disk that kills the process at one point, and is any other disk until then.</summary>
internal sealed class KillingDisk(IDisk disk, KillPoint point) : IDisk
{
    public IDiskFile Open(string path, bool create)
    {
        KillMoment kill = create ? point.Enter(path, "create") : KillMoment.Never;
        var file = new KillingFile(disk.Open(path, create), path, point);
        KillPoint.Leave(kill);
        return file;
    }

    public bool FileExists(string path) => disk.FileExists(path);

    public IReadOnlyList<string> FileNames(string folder) => disk.FileNames(folder);

    public void Rename(string path, string newPath) => Around(path, "rename", () => disk.Rename(path, newPath));

    public void Delete(string path) => Around(path, "delete", () => disk.Delete(path));

    public void CreateFolder(string path) => disk.CreateFolder(path);

    public void DeleteFolder(string path) => disk.DeleteFolder(path);

    public void FlushFolder(string path) => Around(path, "flush", () => disk.FlushFolder(path));

    public long FreeByteCount(string folder) => disk.FreeByteCount(folder);

    public IDisposable? TryLock(string path) => disk.TryLock(path);

    private void Around(string path, string operation, Action act)
    {
        KillMoment kill = point.Enter(path, operation);
        act();
        KillPoint.Leave(kill);
    }
}

internal sealed class KillingFile(IDiskFile file, string path, KillPoint point) : IDiskFile
{
    public long Length => file.Length;

    public int Read(Span<byte> destination, long offset)
    {
        KillMoment kill = point.Enter(path, "read");
        int count = file.Read(destination, offset);
        KillPoint.Leave(kill);
        return count;
    }

    public void Write(ReadOnlySpan<byte> source, long offset)
    {
        KillMoment kill = point.Enter(path, "write");
        if (kill == KillMoment.During)
        {
            file.Write(source[..(source.Length / 2)], offset);
            KillPoint.Kill();
        }

        file.Write(source, offset);
        KillPoint.Leave(kill);
    }

    public void SetLength(long length)
    {
        KillMoment kill = point.Enter(path, "cut");
        file.SetLength(length);
        KillPoint.Leave(kill);
    }

    public void Flush()
    {
        KillMoment kill = point.Enter(path, "flush");
        file.Flush();
        KillPoint.Leave(kill);
    }

    public void Dispose() => file.Dispose();
}
