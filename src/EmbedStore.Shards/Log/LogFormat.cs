using System.Buffers.Binary;
using System.Globalization;

namespace EmbedStore.Shards;

/// <summary>What stands in a log record. Values never change.</summary>
internal enum RecordKind : byte
{
    /// <summary>The payload is a <see cref="WritePayload"/>.</summary>
    Write = 1,

    /// <summary>Nothing happened: see <see cref="LogMark"/>. Its LSN is that of the record before.</summary>
    Mark = 2,
}

/// <summary>Bytes of a log: little-endian, every record at a multiple of 8 from the start of its segment.</summary>
internal static class LogFormat
{
    public const uint Version = 1;
    public const int SegmentHeaderByteCount = 64;
    public const int RecordHeaderByteCount = 72;

    /// <summary>Far above what the doors let in, far below what an int can count.</summary>
    public const int PayloadByteCountMax = 1 << 30;

    public static int Padded(int byteCount) => (byteCount + 7) & ~7;

    public static long Padded(long byteCount) => (byteCount + 7) & ~7L;

    /// <summary>Name of the segment whose first record follows <paramref name="previousLsn"/>.</summary>
    /// <param name="previousLsn">0 for none.</param>
    /// <param name="epoch">Of the owner, in a folder where owners claim; else 0.</param>
    public static string SegmentName(long previousLsn, long epoch) => epoch == 0
        ? FormattableString.Invariant($"log-{previousLsn + 1:D20}.seg")
        : FormattableString.Invariant($"log-{previousLsn + 1:D20}-{epoch:D12}.seg");

    /// <summary>The record before a segment's first, as its name says it.</summary>
    public static long PreviousLsnOf(string segmentName) => Parse(segmentName).FirstLsn - 1;

    /// <summary>The owner in a segment's name; 0 when none is.</summary>
    public static long EpochOf(string segmentName) => Parse(segmentName).Epoch;

    private static (long FirstLsn, long Epoch) Parse(string segmentName)
    {
        ReadOnlySpan<char> text = segmentName.AsSpan(4, segmentName.Length - 8);
        int dash = text.IndexOf('-');
        long epoch = 0;
        return long.TryParse(dash < 0 ? text : text[..dash], NumberStyles.None, CultureInfo.InvariantCulture, out long firstLsn) && firstLsn > 0
            && (dash < 0 || long.TryParse(text[(dash + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out epoch))
                ? (firstLsn, epoch)
                : throw new IOException($"{segmentName} is not the name of a log segment.");
    }

    public static bool IsSegmentName(string name) => name.StartsWith("log-", StringComparison.Ordinal) && name.EndsWith(".seg", StringComparison.Ordinal);
}

/// <summary>Head of a segment file.</summary>
/// <param name="Identity">Of the shard, drawn when it was made: a file of another shard does not pass.</param>
/// <param name="PreviousLsn">Of the last record before this segment, 0 for none.</param>
/// <param name="OwnerEpoch">Of the owner that made the segment.</param>
internal readonly record struct SegmentHeader(Guid Identity, long PreviousLsn, long OwnerEpoch)
{
    private const ulong Magic = 0x314745534C424D45; // "EMBLSEG1"
    private const int ChecksumOffset = LogFormat.SegmentHeaderByteCount - sizeof(uint);

    public void WriteTo(Span<byte> target)
    {
        target = target[..LogFormat.SegmentHeaderByteCount];
        target.Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(target, Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(target[8..], LogFormat.Version);
        Identity.TryWriteBytes(target[16..]);
        BinaryPrimitives.WriteInt64LittleEndian(target[32..], PreviousLsn);
        BinaryPrimitives.WriteInt64LittleEndian(target[40..], OwnerEpoch);
        BinaryPrimitives.WriteUInt32LittleEndian(target[ChecksumOffset..], Crc32C.Append(0, target[..ChecksumOffset]));
    }

    /// <summary>The format version of a segment, if it is a segment at all. Checked before the checksum: a later version may keep that elsewhere.</summary>
    public static uint? FormatVersion(ReadOnlySpan<byte> source) =>
        source.Length >= 12 && BinaryPrimitives.ReadUInt64LittleEndian(source) == Magic ? BinaryPrimitives.ReadUInt32LittleEndian(source[8..]) : null;

    public static bool TryRead(ReadOnlySpan<byte> source, out SegmentHeader header)
    {
        header = default;
        if (source.Length < LogFormat.SegmentHeaderByteCount
            || FormatVersion(source) != LogFormat.Version
            || BinaryPrimitives.ReadUInt32LittleEndian(source[ChecksumOffset..]) != Crc32C.Append(0, source[..ChecksumOffset]))
        {
            return false;
        }

        header = new SegmentHeader(new Guid(source.Slice(16, 16)), BinaryPrimitives.ReadInt64LittleEndian(source[32..]), BinaryPrimitives.ReadInt64LittleEndian(source[40..]));
        return true;
    }
}
