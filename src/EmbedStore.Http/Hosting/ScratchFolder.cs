namespace EmbedStore.Http;

/// <summary>The folder of what this server may lose.</summary>
/// <param name="held">Null: it lies in the data folder, which is held already.</param>
/// <param name="rowsPath">Where shards keep what they may lose. Emptied at each start.</param>
public sealed class ScratchFolder(HeldFolder? held, string rowsPath) : IDisposable
{
    private const string Rows = "scratch";

    /// <summary>Full path.</summary>
    public string RowsPath => rowsPath;

    /// <summary>Creates the folder when it is missing, and takes hold of it.</summary>
    /// <param name="path">A relative path counts from the current folder. Empty: in the data folder.</param>
    /// <param name="data">The data folder.</param>
    /// <exception cref="StartException">The folder cannot be written, or another server holds it.</exception>
    public static ScratchFolder Open(string path, DataFolder data)
    {
        HeldFolder? held = path.Length == 0 ? null : new HeldFolder("EmbedStore:ScratchFolder", path);
        return new ScratchFolder(held, Path.Combine(held?.Path ?? data.Path, Rows));
    }

    /// <inheritdoc/>
    public void Dispose() => held?.Dispose();
}
