using System.Buffers.Binary;

namespace EmbedStore.Shards;

/// <summary>A row as the row store keeps it: header, data, state; or a header alone, when the row is gone and only why is known. These are its offsets, and what can be said of an image in a buffer.</summary>
/// <remarks>
/// FASTER puts 20 bytes (record header, key, length) before an image, at a multiple of 8: so the 28-byte header puts <see cref="LsnOffset"/> at a multiple of 8 and the data at a multiple of 16.
/// </remarks>
internal static class RowImage
{
    /// <summary>u32, odd while the writer changes the row in place. Not in the checksum.</summary>
    public const int SequenceOffset = 0;

    /// <summary>i64, LSN of the record that changed the row last.</summary>
    public const int LsnOffset = 4;

    /// <summary>i64, time of that record, Unix milliseconds.</summary>
    public const int WrittenAtOffset = 12;

    /// <summary>u32, over everything from <see cref="LsnOffset"/> on but itself, seeded with the row id.</summary>
    public const int ChecksumOffset = 20;

    /// <summary>u32: 0, or why the row is gone. See <see cref="StatusOf"/>.</summary>
    public const int FlagsOffset = 24;

    /// <summary>Data, then state. All of the image of a row that is gone stands before. Unit: bytes.</summary>
    public const int DataOffset = 28;

    private const uint ErasedFlag = 1;
    private const uint EvictedFlag = 2;
    private const uint ExpiredFlag = 4;

    public static int ByteCount(RowFormat format) => DataOffset + format.DataByteCount + format.StateByteCount;

    public static long Lsn(ReadOnlySpan<byte> image) => BinaryPrimitives.ReadInt64LittleEndian(image[LsnOffset..]);

    public static void SetLsn(Span<byte> image, long lsn) => BinaryPrimitives.WriteInt64LittleEndian(image[LsnOffset..], lsn);

    public static long WrittenAt(ReadOnlySpan<byte> image) => BinaryPrimitives.ReadInt64LittleEndian(image[WrittenAtOffset..]);

    /// <summary>Found, or why the row is gone.</summary>
    public static RowStatus Status(ReadOnlySpan<byte> image) => StatusOf(BinaryPrimitives.ReadUInt32LittleEndian(image[FlagsOffset..]));

    public static RowStatus StatusOf(uint flags) => flags switch
    {
        0 => RowStatus.Found,
        EvictedFlag => RowStatus.Evicted,
        ExpiredFlag => RowStatus.Expired,
        _ => RowStatus.Erased,
    };

    /// <summary>The image is a header alone: what a buffer holds behind it means nothing.</summary>
    public static bool IsGone(ReadOnlySpan<byte> image) => Status(image) != RowStatus.Found;

    /// <summary>The part of a buffer that is the image.</summary>
    public static Span<byte> Trim(Span<byte> image) => IsGone(image) ? image[..DataOffset] : image;

    /// <param name="image">A whole one, also of a row that is gone.</param>
    /// <param name="rowId">Of the row.</param>
    /// <param name="lsn">Of the record that changed it last.</param>
    /// <param name="writtenAt">Of that record.</param>
    /// <param name="status">Found, or why the row is gone: Erased, Evicted or Expired.</param>
    public static void Seal(Span<byte> image, long rowId, long lsn, long writtenAt, RowStatus status)
    {
        SetLsn(image, lsn);
        BinaryPrimitives.WriteInt64LittleEndian(image[WrittenAtOffset..], writtenAt);
        BinaryPrimitives.WriteUInt32LittleEndian(image[FlagsOffset..], FlagsOf(status));
        BinaryPrimitives.WriteUInt32LittleEndian(image[ChecksumOffset..], Checksum(Trim(image), rowId));
    }

    /// <param name="image">Exactly the image.</param>
    /// <param name="rowId">Of the row.</param>
    public static bool IsWhole(ReadOnlySpan<byte> image, long rowId) =>
        BinaryPrimitives.ReadUInt32LittleEndian(image[ChecksumOffset..]) == Checksum(image, rowId);

    private static uint FlagsOf(RowStatus status) => status switch
    {
        RowStatus.Found => 0,
        RowStatus.Evicted => EvictedFlag,
        RowStatus.Expired => ExpiredFlag,
        _ => ErasedFlag,
    };

    // The id is in it, so that a row read from another row's place does not pass.
    private static uint Checksum(ReadOnlySpan<byte> image, long rowId)
    {
        uint seed = unchecked((uint)rowId ^ (uint)(rowId >> 32) ^ 0x5EED0001);
        return Crc32C.Append(Crc32C.Append(seed, image[LsnOffset..ChecksumOffset]), image[FlagsOffset..]);
    }
}
