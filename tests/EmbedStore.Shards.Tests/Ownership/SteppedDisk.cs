namespace EmbedStore.Shards.Tests;

/// <summary>A disk that calls out before each thing that it does in one folder, so that a test can stop its user there. What is written comes in two halves.</summary>
internal sealed class SteppedDisk(IDisk inner, string folder) : IDisk
{
    /// <summary>Gets the name of the member and the path. Called on the thread of the caller.</summary>
    public Action<string, string> Before { get; set; } = static (_, _) => { };

    public IDiskFile Open(string path, bool create)
    {
        Step(create ? "Create" : nameof(Open), path);
        return new SteppedFile(this, path, inner.Open(path, create));
    }

    public bool FileExists(string path)
    {
        Step(nameof(FileExists), path);
        return inner.FileExists(path);
    }

    public IReadOnlyList<string> FileNames(string path)
    {
        Step(nameof(FileNames), path);
        return inner.FileNames(path);
    }

    public void Rename(string path, string newPath)
    {
        Step(nameof(Rename), newPath);
        inner.Rename(path, newPath);
    }

    public void Delete(string path)
    {
        Step(nameof(Delete), path);
        inner.Delete(path);
    }

    public void CreateFolder(string path) => inner.CreateFolder(path);

    public void DeleteFolder(string path) => inner.DeleteFolder(path);

    public void FlushFolder(string path)
    {
        Step(nameof(FlushFolder), path);
        inner.FlushFolder(path);
    }

    public long FreeByteCount(string path) => inner.FreeByteCount(path);

    public IDisposable? TryLock(string path) => inner.TryLock(path);

    private void Step(string operation, string path)
    {
        if (path.StartsWith(folder, StringComparison.Ordinal))
        {
            Before(operation, path);
        }
    }

    private sealed class SteppedFile(SteppedDisk disk, string path, IDiskFile file) : IDiskFile
    {
        public long Length => file.Length;

        public int Read(Span<byte> destination, long offset)
        {
            disk.Step(nameof(Read), path);
            return file.Read(destination, offset);
        }

        public void Write(ReadOnlySpan<byte> source, long offset)
        {
            disk.Step(nameof(Write), path);
            int half = source.Length / 2;
            file.Write(source[..half], offset);
            disk.Step(nameof(Write), path);
            file.Write(source[half..], offset + half);
        }

        public void SetLength(long length)
        {
            disk.Step(nameof(SetLength), path);
            file.SetLength(length);
        }

        public void Flush()
        {
            disk.Step(nameof(Flush), path);
            file.Flush();
        }

        public void Dispose() => file.Dispose();
    }
}
