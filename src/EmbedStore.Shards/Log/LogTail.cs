namespace EmbedStore.Shards;

/// <summary>The newest segment of a log that is not sealed.</summary>
/// <param name="Segment">File name.</param>
/// <param name="SyncedOffset">Where what is known to be flushed ends, at a record's beginning or at the end. Unit: bytes.</param>
/// <param name="EndOffset">Where its last whole record ends. Unit: bytes.</param>
/// <param name="ByteCount">Of the file when it was read.</param>
/// <param name="LastLsn">Of the newest record.</param>
internal sealed record LogTail(string Segment, long SyncedOffset, long EndOffset, long ByteCount, long LastLsn);
