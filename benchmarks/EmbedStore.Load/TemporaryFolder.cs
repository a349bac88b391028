using System.Diagnostics;

namespace EmbedStore.Load;

/// <summary>A new empty folder that is removed with all it holds; by a <see cref="Guard"/> when this program is killed.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    private const string Prefix = "embedstore-load-";

    private readonly Process _guard;

    /// <param name="parent">Where it is made; null: where the system has temporary files.</param>
    public TemporaryFolder(string? parent = null)
    {
        Path = parent is null
            ? Directory.CreateTempSubdirectory(Prefix).FullName
            : Directory.CreateDirectory(System.IO.Path.Combine(parent, Prefix + Guid.NewGuid().ToString("N"))).FullName;
        _guard = Guard.OfFolder(Path);
        Cleanup.Add(this);
    }

    /// <summary>Full path.</summary>
    public string Path { get; }

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
