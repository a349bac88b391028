namespace EmbedStore.Shards;

/// <summary>A shard's sizes at one moment. The numbers are read one after the other, so they may be of neighbouring moments.</summary>
/// <param name="RowCount">Live rows.</param>
/// <param name="FirstLsn">Of the oldest record in the log, 0 for none.</param>
/// <param name="LastLsn">Of the newest committed write, 0 for none.</param>
/// <param name="OwnerEpoch">How often the shard has been opened.</param>
/// <param name="SegmentCount">Log files.</param>
/// <param name="Bytes">By tier; of snapshots, the newest.</param>
/// <param name="CutByteCount">Unfinished bytes that the last opening cut off the log. Unit: bytes.</param>
public sealed record ShardStatistics(
    long RowCount,
    long FirstLsn,
    long LastLsn,
    long OwnerEpoch,
    int SegmentCount,
    ShardBytes Bytes,
    long CutByteCount)
{
    /// <summary>Unit: bytes.</summary>
    public long LogByteCount => Bytes.Log;

    /// <summary>Index and row pages in memory. Unit: bytes.</summary>
    public long MemoryByteCount => Bytes.Index + Bytes.Pages;
}
