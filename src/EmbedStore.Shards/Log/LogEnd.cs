namespace EmbedStore.Shards;

/// <summary>What recovery found in a log.</summary>
/// <param name="FirstLsn">The oldest record that may be in the log; 0 when it has none.</param>
/// <param name="LastLsn">Of the newest record, or of the snapshot when the log has none; 0 for neither.</param>
/// <param name="SegmentCount">Files.</param>
/// <param name="ByteCount">Of all segments. Unit: bytes.</param>
/// <param name="LastSegment">File name of the segment that is written on; null when there is none, or it is an earlier owner's.</param>
/// <param name="ReplayedByteCount">Of the records that were visited. Unit: bytes.</param>
/// <param name="CutByteCount">Unfinished bytes that were cut off at the end. Unit: bytes.</param>
internal sealed record LogEnd(long FirstLsn, long LastLsn, int SegmentCount, long ByteCount, string? LastSegment, long ReplayedByteCount, long CutByteCount);
