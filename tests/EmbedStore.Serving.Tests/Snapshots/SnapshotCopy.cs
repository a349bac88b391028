using EmbedStore.Testing;

namespace EmbedStore.Serving.Tests.Snapshots;

/// <summary>A data folder copied while it is served, brought back to a snapshot: what the snapshot holds, seen without touching the original.</summary>
internal sealed class SnapshotCopy : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private TableCatalog? _catalog;
    private TableLease _lease;

    public Table Table => _lease.Table;

    /// <param name="folder">Of the data.</param>
    /// <param name="storage">As the original is opened with.</param>
    /// <param name="table">The original; its writes wait while the files are copied, for those are one state only at rest.</param>
    /// <param name="snapshot">The snapshot.</param>
    public static async Task<SnapshotCopy> OfAsync(string folder, StorageOptions storage, Table table, long snapshot)
    {
        var copy = new SnapshotCopy();
        await table.Commits.CloseAsync();
        CopyFolder(Path.Combine(folder, "tables"), Path.Combine(copy._folder.Path, "tables"));
        table.Commits.Open();
        File.Copy(Path.Combine(folder, "format.json"), Path.Combine(copy._folder.Path, "format.json"));
        storage = storage with { Folder = copy._folder.Path };
        copy._catalog = TableCatalog.Open(storage);
        Assert.Empty(await copy._catalog.RecoverAsync(CancellationToken.None));
        await new TableRestorer(copy._catalog, new LocalShardRouter(), storage).RestoreAsync("t", snapshot, null, CancellationToken.None);
        copy._lease = copy._catalog.Lease("t");
        return copy;
    }

    public void Dispose()
    {
        _lease.Dispose();
        _catalog!.DisposeAsync().AsTask().GetAwaiter().GetResult();
        _folder.Dispose();
    }

    private static void CopyFolder(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (string file in Directory.GetFiles(from).Where(static file => Path.GetFileName(file) != "lock"))
        {
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        }

        foreach (string folder in Directory.GetDirectories(from))
        {
            CopyFolder(folder, Path.Combine(to, Path.GetFileName(folder)));
        }
    }
}
