namespace EmbedStore.Serving;

/// <summary>A snapshot of a table: one of each of its shards, ended at the same moment.</summary>
/// <param name="Id">Rises from snapshot to snapshot of the table.</param>
/// <param name="Version">It holds every write up to this one.</param>
/// <param name="RowCount">Live rows.</param>
/// <param name="ByteCount">On disk, beside the log. Unit: bytes.</param>
/// <param name="ShardCount">Shards that the table had.</param>
/// <param name="CreatedAt">When it ended.</param>
/// <param name="RestoredFrom">The snapshot that its rows come from; null for one that was taken.</param>
/// <param name="Generation">Of the table that it is of.</param>
/// <remarks>Immutable.</remarks>
public sealed record TableSnapshot(long Id, long Version, long RowCount, long ByteCount, int ShardCount, DateTimeOffset CreatedAt, long? RestoredFrom, int Generation);
