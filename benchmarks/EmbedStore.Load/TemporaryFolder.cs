namespace EmbedStore.Load;

/// <summary>A new empty folder that is removed with all it holds.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public TemporaryFolder() => Cleanup.Add(this);

    /// <summary>Full path.</summary>
    public string Path { get; } = Directory.CreateTempSubdirectory("embedstore-load-").FullName;

    public void Dispose()
    {
        if (Cleanup.Take(this))
        {
            Directory.Delete(Path, recursive: true);
        }
    }
}
