using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace EmbedStore.Shards;

/// <summary>Head of a log record. Behind it stand the writer's name, padded to 8, and the payload, padded to 8.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct RecordHeader
{
    private const uint Magic = 0x4345524C; // "LREC"
    private const int CheckedOffset = 8;

    /// <summary>The whole record with head and padding. Unit: bytes.</summary>
    public required int ByteCount { get; init; }

    public required RecordKind Kind { get; init; }

    public required long Lsn { get; init; }

    /// <summary>Of the record before: LSNs rise but need not be contiguous, so a missing record shows as a broken chain.</summary>
    public required long PreviousLsn { get; init; }

    public required long OwnerEpoch { get; init; }

    /// <summary>Every byte of the segment before this offset had been flushed when the record was written: what makes damage out of a bad byte there. Unit: bytes.</summary>
    public required long SyncedOffset { get; init; }

    /// <summary>When the record was written. Unit: Unix milliseconds.</summary>
    public required long WrittenAt { get; init; }

    /// <summary>Place for exactly-once writers: length of the name (0: none), their epoch and sequence.</summary>
    public ushort WriterNameByteCount { get; init; }

    public long WriterEpoch { get; init; }

    public long WriterSequence { get; init; }

    /// <summary>Where the payload begins in the record. Unit: bytes.</summary>
    public int PayloadOffset => LogFormat.RecordHeaderByteCount + LogFormat.Padded(WriterNameByteCount);

    /// <summary>Finishes a record whose payload is already in place.</summary>
    /// <param name="record">The whole record.</param>
    /// <param name="seed">Of the shard, see <see cref="Seed"/>.</param>
    public void Seal(Span<byte> record, uint seed)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(record, Magic);
        BinaryPrimitives.WriteInt32LittleEndian(record[8..], ByteCount);
        record[12] = (byte)Kind;
        record[13] = 0;
        BinaryPrimitives.WriteUInt16LittleEndian(record[14..], WriterNameByteCount);
        BinaryPrimitives.WriteInt64LittleEndian(record[16..], Lsn);
        BinaryPrimitives.WriteInt64LittleEndian(record[24..], PreviousLsn);
        BinaryPrimitives.WriteInt64LittleEndian(record[32..], OwnerEpoch);
        BinaryPrimitives.WriteInt64LittleEndian(record[40..], SyncedOffset);
        BinaryPrimitives.WriteInt64LittleEndian(record[48..], WriterEpoch);
        BinaryPrimitives.WriteInt64LittleEndian(record[56..], WriterSequence);
        BinaryPrimitives.WriteInt64LittleEndian(record[64..], WrittenAt);
        BinaryPrimitives.WriteUInt32LittleEndian(record[4..], Crc32C.Append(seed, record[CheckedOffset..]));
    }

    /// <summary>Start of every record's checksum: a shard's own, so that row bytes that look like a record of a log are not taken for one.</summary>
    public static uint Seed(Guid identity) => Crc32C.Append(0, identity.ToByteArray());

    /// <summary>Length of the record that begins here, or 0 when none can: looked at before anything is read or allocated.</summary>
    /// <param name="source">At least a head.</param>
    /// <param name="available">Bytes to the end of the segment.</param>
    public static int PlausibleByteCount(ReadOnlySpan<byte> source, long available)
    {
        if (source.Length < LogFormat.RecordHeaderByteCount || BinaryPrimitives.ReadUInt32LittleEndian(source) != Magic)
        {
            return 0;
        }

        int byteCount = BinaryPrimitives.ReadInt32LittleEndian(source[8..]);
        return byteCount >= LogFormat.RecordHeaderByteCount && byteCount <= available && byteCount % 8 == 0 ? byteCount : 0;
    }

    /// <param name="record">Exactly the bytes of <see cref="PlausibleByteCount"/>.</param>
    /// <param name="seed">Of the shard.</param>
    /// <param name="header">What the record says of itself.</param>
    /// <returns>False when the checksum is wrong.</returns>
    public static bool TryRead(ReadOnlySpan<byte> record, uint seed, out RecordHeader header)
    {
        header = default;
        if (BinaryPrimitives.ReadUInt32LittleEndian(record[4..]) != Crc32C.Append(seed, record[CheckedOffset..]))
        {
            return false;
        }

        header = new RecordHeader
        {
            ByteCount = record.Length,
            Kind = (RecordKind)record[12],
            WriterNameByteCount = BinaryPrimitives.ReadUInt16LittleEndian(record[14..]),
            Lsn = BinaryPrimitives.ReadInt64LittleEndian(record[16..]),
            PreviousLsn = BinaryPrimitives.ReadInt64LittleEndian(record[24..]),
            OwnerEpoch = BinaryPrimitives.ReadInt64LittleEndian(record[32..]),
            SyncedOffset = BinaryPrimitives.ReadInt64LittleEndian(record[40..]),
            WriterEpoch = BinaryPrimitives.ReadInt64LittleEndian(record[48..]),
            WriterSequence = BinaryPrimitives.ReadInt64LittleEndian(record[56..]),
            WrittenAt = BinaryPrimitives.ReadInt64LittleEndian(record[64..]),
        };
        return header.PayloadOffset <= record.Length;
    }
}
