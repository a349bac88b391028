namespace EmbedStore.Shards;

/// <summary>What a shard takes, by tier. Unit: bytes, all of it.</summary>
/// <param name="Index">Memory: finds rows.</param>
/// <param name="Pages">Memory: rows.</param>
/// <param name="Keys">Memory: string keys, of erased rows too.</param>
/// <param name="Vocabulary">Memory: uses of rows, and ids that are counted towards admission.</param>
/// <param name="Rows">Rows in memory and scratch, superseded copies included.</param>
/// <param name="Scratch">Disk: rows that left memory, and copies of those that are about to.</param>
/// <param name="Log">Disk.</param>
/// <param name="Snapshot">Disk: one snapshot.</param>
/// <remarks>Immutable.</remarks>
public readonly record struct ShardBytes(long Index, long Pages, long Keys, long Vocabulary, long Rows, long Scratch, long Log, long Snapshot)
{
    /// <summary>All memory.</summary>
    public long Memory => Index + Pages + Keys + Vocabulary;

    /// <summary>What a shard will take when rows were written, each once, many at a time, and a snapshot was taken that did not yet cut the log.</summary>
    /// <param name="format">What the rows are made of.</param>
    /// <param name="options">What the shard would be opened with.</param>
    /// <param name="rowCount">At least 0.</param>
    public static ShardBytes Estimate(RowFormat format, ShardOptions options, long rowCount)
    {
        var layout = RowStoreLayout.Of(format, options);
        return new ShardBytes(
            layout.IndexByteCount,
            layout.PagesByteCount(rowCount),
            0,
            options.Uses is null ? 0 : RowUses.ByteCountOf(rowCount),
            layout.RowsByteCount(rowCount),
            layout.ScratchByteCount(rowCount),
            LogFormat.SegmentHeaderByteCount + (rowCount * WritePayload.ByteCountPerRow(format)),
            SnapshotWriter.ByteCountOf(SnapshotEntry.ByteCount(RowImage.ByteCount(format)), rowCount));
    }
}
