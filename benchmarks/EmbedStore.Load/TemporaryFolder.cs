using System.Diagnostics;

namespace EmbedStore.Load;

/// <summary>A new empty folder that is removed with all it holds; by a <see cref="Guard"/> when this program is killed.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    private readonly Process _guard;

    public TemporaryFolder()
    {
        _guard = Guard.OfFolder(Path);
        Cleanup.Add(this);
    }

    /// <summary>Full path.</summary>
    public string Path { get; } = Directory.CreateTempSubdirectory("embedstore-load-").FullName;

    public void Dispose()
    {
        if (Cleanup.Take(this))
        {
            Directory.Delete(Path, recursive: true);
            _guard.Kill();
            _guard.Dispose();
        }
    }
}
