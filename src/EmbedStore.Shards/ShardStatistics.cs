namespace EmbedStore.Shards;

/// <summary>A shard's sizes at one moment. The numbers are read one after the other, so they may be of neighbouring moments.</summary>
/// <param name="RowCount">See <see cref="Shard.RowCount"/>.</param>
/// <param name="FirstLsn">Of the oldest record in the log, 0 for none.</param>
/// <param name="LastLsn">Of the newest committed write, 0 for none.</param>
/// <param name="OwnerEpoch">How often the shard has been opened.</param>
/// <param name="SegmentCount">Log files.</param>
/// <param name="LogByteCount">Unit: bytes.</param>
/// <param name="MemoryByteCount">Index and row pages in memory, uses of rows and ids that are counted towards admission. Unit: bytes.</param>
/// <param name="RowLogByteCount">Rows in memory and scratch, superseded copies included. Unit: bytes.</param>
/// <param name="CutByteCount">Unfinished bytes that the last opening cut off the log. Unit: bytes.</param>
/// <param name="KeyCount">Keys that ever had a row; 0 where rows have none.</param>
/// <param name="KeyByteCount">What the keys take of memory. Unit: bytes.</param>
public sealed record ShardStatistics(
    long RowCount,
    long FirstLsn,
    long LastLsn,
    long OwnerEpoch,
    int SegmentCount,
    long LogByteCount,
    long MemoryByteCount,
    long RowLogByteCount,
    long CutByteCount,
    long KeyCount,
    long KeyByteCount)
{
    /// <summary>Ids that were updated too few times to get a row.</summary>
    public int CandidateCount { get; init; }
}
