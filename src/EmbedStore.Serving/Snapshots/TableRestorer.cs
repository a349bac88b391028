using EmbedStore.Shards;
using EmbedStore.Tensors;

namespace EmbedStore.Serving;

/// <summary>Brings tables back to a snapshot.</summary>
/// <remarks>
/// <para>The rows of the snapshot become a new generation of the table beside the one that serves; when its shards are open it takes the other's place at once. A request reads the one or
/// the other. Writes that are acknowledged before that moment are gone with the rows that they changed, and so are the sequences of their writers; versions go on.</para>
/// <para>Thread-safe. Snapshots and restores of one table wait for each other. After a crash the table is as before or restored.</para>
/// </remarks>
public sealed class TableRestorer(TableCatalog catalog, IShardRouter router, StorageOptions storage)
{
    /// <summary>Restores a table.</summary>
    /// <param name="name">Of the table.</param>
    /// <param name="id">Of the snapshot.</param>
    /// <param name="shardCount">Shards of the table afterwards; null: as many as the snapshot has.</param>
    /// <param name="cancellation">Ends it while the table is still as before.</param>
    /// <returns>The first snapshot of the new generation: the same rows.</returns>
    /// <exception cref="EmbedStoreException">
    /// TableNotFound; InvalidParameter for a snapshot that is not there, and for another number of shards when a writer's newest request is unfinished in the snapshot; StorageFull; ShardUnavailable when
    /// the snapshot is damaged; Starting, Stopping.
    /// </exception>
    public async Task<TableSnapshot> RestoreAsync(string name, long id, int? shardCount, CancellationToken cancellation)
    {
        (Table Next, TableSnapshot Snapshot) restored;
        Table table;
        using (TableLease lease = catalog.Lease(name))
        {
            table = lease.Table;
            restored = await table.InSnapshotTurnAsync(ending => RestoreInTurnAsync(table, id, shardCount, ending), cancellation);
        }

        await TableCatalog.RetireAsync(table, restored.Next);
        return restored.Snapshot;
    }

    /// <summary>All of it in one turn, and the table is closing when the turn ends: the next restore or snapshot in the queue must not touch the generation that serves by then.</summary>
    private async Task<(Table Next, TableSnapshot Snapshot)> RestoreInTurnAsync(Table table, long id, int? shardCount, CancellationToken cancellation)
    {
        // Versions go on, also those that only other servers know.
        table.Saw((await router.ReportAsync(table, cancellation)).Max(static shard => shard.Statistics?.LastLsn ?? 0));
        Table next = await MakeAsync(table, Find(table, id), shardCount, cancellation);
        TableFolders folders = catalog.FoldersOf(table);
        try
        {
            TableSnapshot snapshot = SnapshotCatalog.List(storage.Disk, folders).First(snapshot => snapshot.Generation == next.Generation);
            // What is acknowledged from here on could not be in the next generation.
            catalog.Fence(table);
            await catalog.ReplaceAsync(table, next);
            return (next, snapshot);
        }
        catch (Exception e)
        {
            await next.DisposeAsync();
            if (e is EmbedStoreException)
            {
                // Else the disk failed, and which generation the catalog will name after a restart is not known: both stay.
                folders.Delete(next.Generation);
            }

            throw Refusal(table, e);
        }
    }

    private TableSnapshot Find(Table table, long id)
    {
        IReadOnlyList<TableSnapshot> snapshots = SnapshotCatalog.List(storage.Disk, catalog.FoldersOf(table));
        return snapshots.FirstOrDefault(snapshot => snapshot.Id == id) ?? throw new EmbedStoreException(
            ErrorCode.InvalidParameter,
            FormattableString.Invariant($"Table \"{table.Name}\" has no snapshot {id}; it has {(snapshots.Count == 0 ? "none" : string.Join(", ", snapshots.Select(static s => s.Id)))}."),
            new Fact("parameter", "snapshot"));
    }

    /// <summary>Makes and opens the next generation of a table. When that fails nothing is left of it.</summary>
    private async Task<Table> MakeAsync(Table table, TableSnapshot snapshot, int? shardCount, CancellationToken cancellation)
    {
        table.RequireRecovered();
        TableFolders folders = catalog.FoldersOf(table);
        TableSpec spec = table.Spec with { ShardCount = shardCount ?? snapshot.ShardCount };
        Table? next = null;
        try
        {
            // What an earlier one left that could not clean up.
            folders.Delete(table.Generation + 1);
            await Task.Run(() => Fill(table, spec, snapshot, folders, cancellation), cancellation);
            next = catalog.NextOf(table, spec);
            foreach (ShardSlot slot in next.Shards)
            {
                // In a shared folder by whoever comes to own it.
                await (storage.IsShared ? ValueTask.CompletedTask : OpenAsync(slot));
            }

            return next;
        }
        catch (Exception e)
        {
            await (next?.DisposeAsync() ?? ValueTask.CompletedTask);
            folders.Delete(table.Generation + 1);
            throw Refusal(table, e);
        }
    }

    private static async ValueTask OpenAsync(ShardSlot slot) => await slot.OpenAsync();

    private static Exception Refusal(Table table, Exception reason) => reason switch
    {
        DiskFullException => table.Shards[0].StorageFull(),
        IOException or UnauthorizedAccessException or ShardDamagedException => table.Shards[0].Unavailable(reason.Message),
        _ => reason,
    };

    /// <summary>Writes the folders of the next generation.</summary>
    private void Fill(Table table, TableSpec spec, TableSnapshot snapshot, TableFolders folders, CancellationToken cancellation)
    {
        int generation = table.Generation + 1;
        folders.Create(generation);
        ShardOptions options = catalog.OptionsOf(table, mirror: null, uses: null);
        long id = SnapshotCatalog.NextId(storage.Disk, folders);
        var seeds = new List<ShardSeed>();
        var writers = new RestoredWriters(snapshot.ShardCount, spec.ShardCount);
        long stepNumber = 0;
        try
        {
            for (int number = 0; number < spec.ShardCount; number++)
            {
                seeds.Add(new ShardSeed(folders.ShardFolder(generation, number), table.Rows, options, id));
            }

            for (int number = 0; number < snapshot.ShardCount; number++)
            {
                using SnapshotSource source = SnapshotSource.Open(
                    folders.ShardFolder(snapshot.Generation, number), folders.RestoreScratchFolder, table.Rows, options, snapshot.Id, cancellation);
                source.CopyRowsTo(seeds, rowId => ShardHash.ShardOf(rowId, seeds.Count), cancellation);
                writers.Add(number, source.Writers);
                stepNumber = Math.Max(stepNumber, source.StepNumber);
            }

            writers.GiveTo(seeds);

            // Versions go on: a reader that waits for one that it saw is not left waiting. A table whose shards do not open does not know its own.
            long version = Math.Max(table.Version, snapshot.Version) + 1;
            seeds.ForEach(seed => seed.Complete(version, stepNumber, snapshot.Id));
        }
        finally
        {
            seeds.ForEach(static seed => seed.Dispose());
        }
    }
}
