using EmbedStore.Shards;
using EmbedStore.Tensors;

namespace EmbedStore.Serving;

/// <summary>What a table will take, before it is created: the sizes that its shards would be opened with, and what these come to.</summary>
/// <remarks>Every row is written once, many at a time; then as many snapshots are taken as are kept. Immutable.</remarks>
public sealed record TableEstimate(long RowCount, int OpenShardCount, TableBytes Bytes)
{
    /// <summary>Most rows that are estimated. Unit: rows.</summary>
    public const long RowCountMax = 1L << 40;

    /// <summary>Estimates a table.</summary>
    /// <param name="spec">The table.</param>
    /// <param name="rowCount">Rows that will be written; null: all of a table of a fixed number of rows.</param>
    /// <param name="storage">Of the server.</param>
    /// <exception cref="EmbedStoreException"><see cref="ErrorCode.InvalidParameter"/>: rows is missing, or outside its range.</exception>
    public static TableEstimate Of(TableSpec spec, long? rowCount, StorageOptions storage)
    {
        TableShape shape = spec.ToShape();
        RowFormat rows = spec.ToRowFormat();
        long count = RequireRows(shape, rowCount);

        // A shard takes nothing before its first row.
        int open = (int)Math.Min(spec.ShardCount, count);
        if (open == 0)
        {
            return new TableEstimate(0, 0, default);
        }

        var memory = TableMemory.Of(spec, storage);
        ShardOptions options = memory.ToShardOptions(spec, null, spec.Capacity is null ? null : new UseClock(), storage);
        TableBytes bytes = default(TableBytes) with { RowCache = RowCacheByteCount(spec, count, storage) };
        for (int shard = 0; shard < open; shard++)
        {
            long share = (count / open) + (shard < count % open ? 1 : 0);
            bytes = Add(bytes, ShardBytes.Estimate(rows, options, share));
        }

        return new TableEstimate(count, open, bytes);
    }

    private static long RowCacheByteCount(TableSpec spec, long rowCount, StorageOptions storage) =>
        ResidentRows.ByteCountOf(spec.ToShape(), spec.ToRowFormat(), storage.ResidentMemoryByteCount) + CachedRows.ByteCountOf(spec, storage, rowCount);

    private static long RequireRows(TableShape shape, long? rowCount)
    {
        long most = shape.IsOpen ? RowCountMax : shape.RowCount;
        long count = rowCount ?? (shape.IsOpen ? -1 : shape.RowCount);
        return count >= 0 && count <= Math.Min(most, RowCountMax)
            ? count
            : throw new EmbedStoreException(
                ErrorCode.InvalidParameter,
                FormattableString.Invariant($"rows is in [0, {Math.Min(most, RowCountMax)}], and needed for an open vocabulary."),
                new Fact("parameter", "rows"));
    }

    private static TableBytes Add(TableBytes bytes, ShardBytes shard) => bytes with
    {
        Index = bytes.Index + shard.Index,
        Pages = bytes.Pages + shard.Pages,
        Keys = bytes.Keys + shard.Keys,
        Vocabulary = bytes.Vocabulary + shard.Vocabulary,
        Rows = bytes.Rows + shard.Rows,
        Scratch = bytes.Scratch + shard.Scratch,
        Log = bytes.Log + shard.Log,
        Snapshots = bytes.Snapshots + (TableSnapshots.KeptCount * shard.Snapshot),
    };
}
