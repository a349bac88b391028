namespace EmbedStore.Shards;

/// <summary>What recovery found in a log.</summary>
/// <param name="FirstLsn">0 when the log has no record.</param>
/// <param name="LastLsn">0 when the log has no record.</param>
/// <param name="SegmentCount">Files.</param>
/// <param name="ByteCount">Of all segments. Unit: bytes.</param>
/// <param name="LastSegment">File name of the segment that is written on, or null when there is none.</param>
/// <param name="CutByteCount">Unfinished bytes that were cut off at the end. Unit: bytes.</param>
internal sealed record LogEnd(long FirstLsn, long LastLsn, int SegmentCount, long ByteCount, string? LastSegment, long CutByteCount);
