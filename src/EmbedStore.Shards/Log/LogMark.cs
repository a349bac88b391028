namespace EmbedStore.Shards;

/// <summary>What proves that the newest records were flushed when no later write does: bad bytes before it are damage, and not an unfinished end.</summary>
/// <remarks>
/// Two records. The first reaches to the end of a sector, so that the second lies in another one than what it vouches for: no one sector that goes bad takes both. A mark itself need not
/// be flushed: one that is missing proves nothing.
/// </remarks>
internal static class LogMark
{
    /// <summary>What a disk loses at a time. Unit: bytes.</summary>
    private const int SectorByteCount = 512;

    /// <summary>The longest. Unit: bytes.</summary>
    public const int ByteCountMax = (2 * LogFormat.RecordHeaderByteCount) + SectorByteCount;

    /// <summary>Length of a mark that begins at <paramref name="offset"/> of its segment. Unit: bytes.</summary>
    public static int ByteCountAt(long offset) => FirstByteCountAt(offset) + LogFormat.RecordHeaderByteCount;

    /// <param name="mark"><see cref="ByteCountAt"/> bytes.</param>
    /// <param name="offset">Where it begins in its segment; everything before is on stable storage.</param>
    /// <param name="lastLsn">Of the record before.</param>
    /// <param name="ownerEpoch">Of the owner.</param>
    /// <param name="writtenAt">Unix milliseconds.</param>
    /// <param name="seed">Of the shard.</param>
    public static void Write(Span<byte> mark, long offset, long lastLsn, long ownerEpoch, long writtenAt, uint seed)
    {
        mark.Clear();
        int first = FirstByteCountAt(offset);
        Seal(mark[..first]);
        Seal(mark[first..]);

        void Seal(Span<byte> record) => new RecordHeader
        {
            ByteCount = record.Length,
            Kind = RecordKind.Mark,
            Lsn = lastLsn,
            PreviousLsn = lastLsn,
            OwnerEpoch = ownerEpoch,
            SyncedOffset = offset,
            WrittenAt = writtenAt,
        }.Seal(record, seed);
    }

    private static int FirstByteCountAt(long offset)
    {
        long end = offset + LogFormat.RecordHeaderByteCount + SectorByteCount - 1;
        return (int)((end / SectorByteCount * SectorByteCount) - offset);
    }
}
