namespace EmbedStore.Serving;

/// <summary>Takes and lists the snapshots of tables.</summary>
/// <remarks>Thread-safe. Snapshots and restores of one table wait for each other.</remarks>
public sealed class TableSnapshots(TableCatalog catalog, ISnapshotShards shards, StorageOptions storage)
{
    /// <summary>Snapshots of a table that are kept: a further one deletes the oldest.</summary>
    public const int KeptCount = 2;

    /// <summary>Snapshots of a table, newest first.</summary>
    public IReadOnlyList<TableSnapshot> List(Table table) => SnapshotCatalog.List(storage.Disk, catalog.FoldersOf(table));

    /// <summary>Writes a snapshot. Reads and writes go on; writes wait once, for about as long as a commit takes, so that no request is half in it.</summary>
    /// <exception cref="Tensors.EmbedStoreException">StorageFull, ShardUnavailable, Starting; Stopping when the table is dropped or the server stops meanwhile.</exception>
    public Task<TableSnapshot> TakeAsync(Table table, CancellationToken cancellation) =>
        table.InSnapshotTurnAsync(ending => SnapshotFailures.TellAsync(table.Shards[0], () => TakeInTurnAsync(table, ending)), cancellation);

    private async Task<TableSnapshot> TakeInTurnAsync(Table table, CancellationToken cancellation)
    {
        table.RequireRecovered();
        TableFolders folders = catalog.FoldersOf(table);
        long id = SnapshotCatalog.NextId(storage.Disk, folders);
        var parts = new List<ISnapshotPart>();
        try
        {
            // One after the other: a snapshot is to be noticed as little as can be.
            for (int number = 0; number < table.Shards.Count; number++)
            {
                parts.Add(await shards.BeginAsync(table, number, id, cancellation));
            }

            await EndAllAsync(table, parts);
            foreach (ISnapshotPart part in parts)
            {
                await part.SaveAsync();
            }

            // Only now that every shard has it: else one that fails would take from the table a state to go back to.
            long? older = SnapshotCatalog.List(storage.Disk, folders).FirstOrDefault(snapshot => snapshot.Generation == table.Generation && snapshot.Id != id)?.Id;
            foreach (ISnapshotPart part in parts)
            {
                await part.KeepAsync(older);
            }
        }
        finally
        {
            foreach (ISnapshotPart part in parts)
            {
                await part.DisposeAsync();
            }
        }

        SnapshotCatalog.DeleteOldGenerations(storage.Disk, folders, table.Generation, KeptCount);
        return SnapshotCatalog.List(storage.Disk, folders).First(snapshot => snapshot.Id == id);
    }

    /// <summary>Ends the snapshots of all shards between two requests.</summary>
    private async Task EndAllAsync(Table table, List<ISnapshotPart> parts)
    {
        await using IAsyncDisposable held = await shards.HoldCommitsAsync(table);
        await Task.WhenAll(parts.Select(static part => part.EndAsync()));
    }
}
