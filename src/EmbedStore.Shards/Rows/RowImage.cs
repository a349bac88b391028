using System.Buffers.Binary;

namespace EmbedStore.Shards;

/// <summary>A row as the row store keeps it: header, data, state. These are its offsets, and what can be said of an image in a buffer.</summary>
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

    /// <summary>u32, <see cref="ErasedFlag"/>.</summary>
    public const int FlagsOffset = 24;

    /// <summary>Data, then state.</summary>
    public const int DataOffset = 28;

    public const uint ErasedFlag = 1;

    public static int ByteCount(RowFormat format) => DataOffset + format.DataByteCount + format.StateByteCount;

    public static long Lsn(ReadOnlySpan<byte> image) => BinaryPrimitives.ReadInt64LittleEndian(image[LsnOffset..]);

    public static void SetLsn(Span<byte> image, long lsn) => BinaryPrimitives.WriteInt64LittleEndian(image[LsnOffset..], lsn);

    public static long WrittenAt(ReadOnlySpan<byte> image) => BinaryPrimitives.ReadInt64LittleEndian(image[WrittenAtOffset..]);

    public static bool IsErased(ReadOnlySpan<byte> image) => (BinaryPrimitives.ReadUInt32LittleEndian(image[FlagsOffset..]) & ErasedFlag) != 0;

    public static void Seal(Span<byte> image, long rowId, long lsn, long writtenAt, bool erased)
    {
        SetLsn(image, lsn);
        BinaryPrimitives.WriteInt64LittleEndian(image[WrittenAtOffset..], writtenAt);
        BinaryPrimitives.WriteUInt32LittleEndian(image[FlagsOffset..], erased ? ErasedFlag : 0);
        BinaryPrimitives.WriteUInt32LittleEndian(image[ChecksumOffset..], Checksum(image, rowId));
    }

    public static bool IsWhole(ReadOnlySpan<byte> image, long rowId) =>
        BinaryPrimitives.ReadUInt32LittleEndian(image[ChecksumOffset..]) == Checksum(image, rowId);

    // The id is in it, so that a row read from another row's place does not pass.
    private static uint Checksum(ReadOnlySpan<byte> image, long rowId)
    {
        uint seed = unchecked((uint)rowId ^ (uint)(rowId >> 32) ^ 0x5EED0001);
        return Crc32C.Append(Crc32C.Append(seed, image[LsnOffset..ChecksumOffset]), image[FlagsOffset..]);
    }
}
