using EmbedStore.Shards;
using EmbedStore.Tensors;

namespace EmbedStore.Serving;

/// <summary>Takes and lists the snapshots of tables.</summary>
/// <remarks>Thread-safe. Snapshots and restores of one table wait for each other.</remarks>
public sealed class TableSnapshots(TableCatalog catalog, StorageOptions storage)
{
    /// <summary>Snapshots of a table that are kept: a further one deletes the oldest.</summary>
    public const int KeptCount = 2;

    /// <summary>Snapshots of a table, newest first.</summary>
    public IReadOnlyList<TableSnapshot> List(Table table) => SnapshotCatalog.List(storage.Disk, catalog.FoldersOf(table));

    /// <summary>Writes a snapshot. Reads and writes go on; writes wait once, for about as long as a commit takes, so that no request is half in it.</summary>
    /// <exception cref="EmbedStoreException">StorageFull, ShardUnavailable, Starting; Stopping when the table is dropped or the server stops meanwhile.</exception>
    public Task<TableSnapshot> TakeAsync(Table table, CancellationToken cancellation) =>
        table.InSnapshotTurnAsync(ending => OfShardAsync(table.Shards[0], () => TakeInTurnAsync(table, ending)), cancellation);

    private async Task<TableSnapshot> TakeInTurnAsync(Table table, CancellationToken cancellation)
    {
        table.RequireRecovered();
        TableFolders folders = catalog.FoldersOf(table);
        Shard[] shards = await Task.WhenAll(table.Shards.Select(static slot => slot.OpenAsync().AsTask()));
        long id = SnapshotCatalog.NextId(storage.Disk, folders);
        var parts = new ShardSnapshot[shards.Length];
        try
        {
            // One after the other: a snapshot is to be noticed as little as can be.
            for (int number = 0; number < shards.Length; number++)
            {
                parts[number] = await OfShardAsync(table.Shards[number], () => shards[number].BeginSnapshotAsync(id, cancellation));
            }

            await EndAllAsync(table, parts);
            for (int number = 0; number < shards.Length; number++)
            {
                await OfShardAsync(table.Shards[number], parts[number].SaveAsync);
            }

            // Only now that every shard has it: else one that fails would take from the table a state to go back to.
            long? older = SnapshotCatalog.List(storage.Disk, folders).FirstOrDefault(snapshot => snapshot.Generation == table.Generation && snapshot.Id != id)?.Id;
            for (int number = 0; number < shards.Length; number++)
            {
                await OfShardAsync(table.Shards[number], async () =>
                {
                    await parts[number].KeepAsync(older);
                    return true;
                });
            }
        }
        finally
        {
            foreach (ShardSnapshot? part in parts)
            {
                await (part?.DisposeAsync() ?? ValueTask.CompletedTask);
            }
        }

        SnapshotCatalog.DeleteOldGenerations(storage.Disk, folders, table.Generation, KeptCount);
        return SnapshotCatalog.List(storage.Disk, folders).First(snapshot => snapshot.Id == id);
    }

    /// <summary>Ends the snapshots of all shards between two requests.</summary>
    private static async Task EndAllAsync(Table table, ShardSnapshot[] parts)
    {
        await table.Commits.CloseAsync();
        try
        {
            await Task.WhenAll(parts.Select((part, number) => OfShardAsync(table.Shards[number], async () =>
            {
                await part.EndAsync();
                return true;
            })));
        }
        finally
        {
            table.Commits.Open();
        }
    }

    /// <summary>Turns what went wrong in a shard into what the caller is told.</summary>
    private static async Task<T> OfShardAsync<T>(ShardSlot slot, Func<Task<T>> step)
    {
        try
        {
            return await step();
        }
        catch (DiskFullException)
        {
            throw slot.StorageFull();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ShardDamagedException or ObjectDisposedException)
        {
            throw slot.Unavailable(e.Message);
        }
    }
}
