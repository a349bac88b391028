namespace EmbedStore.Serving;

/// <summary>The shards of tables as their snapshots need them, wherever they are.</summary>
/// <remarks>Thread-safe; of one table one snapshot at a time.</remarks>
public interface ISnapshotShards
{
    /// <summary>Begins a shard's part of a snapshot: returns when its rows were written.</summary>
    /// <param name="table">The table.</param>
    /// <param name="shard">Number of the shard.</param>
    /// <param name="id">Of the snapshot: higher than every one before.</param>
    /// <param name="cancellation">Ends it; nothing is left.</param>
    /// <exception cref="Tensors.EmbedStoreException">StorageFull, ShardUnavailable.</exception>
    Task<ISnapshotPart> BeginAsync(Table table, int shard, long id, CancellationToken cancellation);

    /// <summary>Holds up all commits of a table, wherever they come from, until what this gives is disposed. It throws then if it was in vain: some commit may have passed.</summary>
    /// <exception cref="Tensors.EmbedStoreException">ShardUnavailable: a server cannot be reached.</exception>
    Task<IAsyncDisposable> HoldCommitsAsync(Table table);
}

/// <summary>One shard's part of a table's snapshot.</summary>
/// <exception cref="Tensors.EmbedStoreException">Of each member: StorageFull, ShardUnavailable.</exception>
public interface ISnapshotPart : IAsyncDisposable
{
    /// <summary>Fixes what it stands for: every write that was acknowledged so far.</summary>
    Task EndAsync();

    /// <summary>Makes it exist.</summary>
    Task SaveAsync();

    /// <summary>Deletes all snapshots of the shard but this and an older one, and cuts its log.</summary>
    Task KeepAsync(long? olderId);
}
