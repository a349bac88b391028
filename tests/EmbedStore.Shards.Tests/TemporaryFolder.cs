namespace EmbedStore.Shards.Tests;

/// <summary>A folder of the operating system that is gone after the test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public TemporaryFolder() => Path = Directory.CreateTempSubdirectory("embedstore-shards-").FullName;

    public string Path { get; }

    public string Log => System.IO.Path.Combine(Path, "shard");

    public string Scratch => System.IO.Path.Combine(Path, "scratch");

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
