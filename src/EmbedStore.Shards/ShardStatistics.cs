namespace EmbedStore.Shards;

/// <summary>A shard's sizes at one moment. The numbers are read one after the other, so they may be of neighbouring moments.</summary>
/// <param name="RowCount">See <see cref="Shard.RowCount"/>.</param>
/// <param name="FirstLsn">Of the oldest record in the log, 0 for none.</param>
/// <param name="LastLsn">Of the newest committed write, 0 for none.</param>
/// <param name="OwnerEpoch">How often the shard has been opened.</param>
/// <param name="SegmentCount">Log files.</param>
/// <param name="Bytes">By tier; of snapshots, the newest.</param>
/// <param name="CutByteCount">Unfinished bytes that the last opening cut off the log. Unit: bytes.</param>
/// <param name="KeyCount">Keys that ever had a row; 0 where rows have none.</param>
public sealed record ShardStatistics(
    long RowCount,
    long FirstLsn,
    long LastLsn,
    long OwnerEpoch,
    int SegmentCount,
    ShardBytes Bytes,
    long CutByteCount,
    long KeyCount)
{
    /// <summary>Ids that were updated too few times to get a row.</summary>
    public int CandidateCount { get; init; }
}
