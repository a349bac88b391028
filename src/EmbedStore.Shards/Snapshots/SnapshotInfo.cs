namespace EmbedStore.Shards;

/// <summary>A snapshot of one shard.</summary>
/// <param name="Id">Rises from snapshot to snapshot of a table.</param>
/// <param name="Version">It holds every write up to this one.</param>
/// <param name="RowCount">Live rows.</param>
/// <param name="ByteCount">On disk. Unit: bytes.</param>
/// <param name="CreatedAt">When it ended.</param>
/// <param name="RestoredFrom">The snapshot that its rows come from; null for one that was taken.</param>
/// <remarks>Immutable.</remarks>
public sealed record SnapshotInfo(long Id, long Version, long RowCount, long ByteCount, DateTimeOffset CreatedAt, long? RestoredFrom)
{
    internal static SnapshotInfo Of(SnapshotManifest manifest) =>
        new(manifest.Id, manifest.LastLsn, manifest.RowCount, manifest.ByteCount, manifest.CreatedAt, manifest.RestoredFrom);
}
