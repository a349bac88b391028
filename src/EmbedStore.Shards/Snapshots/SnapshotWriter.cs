using System.Buffers.Binary;

namespace EmbedStore.Shards;

/// <summary>Writes the rows file of a snapshot, block by block. One thread at a time.</summary>
internal sealed class SnapshotWriter : IDisposable
{
    private const int BlockByteCountMin = 1 << 16;

    /// <summary>What is flushed at a time: flushing gigabytes at once would hold up the flushes of the log beside it.</summary>
    private const int FlushByteCount = 1 << 20;

    private readonly IDiskFile _file;
    private readonly uint _seed;
    private byte[] _block = new byte[BlockByteCountMin];
    private SnapshotBlockKind _kind;
    private int _used;
    private int _entryCount;
    private int _blockCount;
    private long _flushed;

    /// <param name="disk">Where the file is made.</param>
    /// <param name="path">Must not exist.</param>
    /// <param name="identity">Of the shard.</param>
    /// <param name="id">Of the snapshot.</param>
    public SnapshotWriter(IDisk disk, string path, Guid identity, long id)
    {
        _seed = RecordHeader.Seed(identity);
        _file = disk.Open(path, create: true);
        Span<byte> head = stackalloc byte[SnapshotFormat.FileHeadByteCount];
        SnapshotHead.Write(head, identity, id);
        try
        {
            Append(head);
        }
        catch
        {
            _file.Dispose();
            throw;
        }
    }

    /// <summary>Size of a file of entries of one size. Unit: bytes.</summary>
    public static long ByteCountOf(int entryByteCount, long entryCount)
    {
        long perBlock = Math.Max((BlockByteCountMin - SnapshotFormat.BlockHeadByteCount) / entryByteCount, 1);
        long blocks = ((entryCount + perBlock - 1) / perBlock) + 1;
        return SnapshotFormat.FileHeadByteCount + (blocks * SnapshotFormat.BlockHeadByteCount) + (entryCount * entryByteCount);
    }

    /// <summary>Bytes that are in the file. Unit: bytes.</summary>
    public long ByteCount { get; private set; }

    /// <summary>Of all bytes in the file.</summary>
    public uint Checksum { get; private set; }

    /// <summary>Place for one more entry, to be filled before the next call. Entries of one kind share a block.</summary>
    public Span<byte> Reserve(SnapshotBlockKind kind, int byteCount)
    {
        if (_entryCount > 0 && (kind != _kind || _used + byteCount > _block.Length))
        {
            EndBlock();
        }

        if (SnapshotFormat.BlockHeadByteCount + byteCount > _block.Length)
        {
            _block = new byte[SnapshotFormat.BlockHeadByteCount + byteCount];
        }

        if (_entryCount == 0)
        {
            (_kind, _used) = (kind, SnapshotFormat.BlockHeadByteCount);
        }

        _entryCount++;
        _used += byteCount;
        return _block.AsSpan(_used - byteCount, byteCount);
    }

    /// <summary>Ends the file: it is on stable storage when this returns.</summary>
    public void Complete()
    {
        Reserve(SnapshotBlockKind.End, 0);
        EndBlock();
        _file.Flush();
    }

    public void Dispose() => _file.Dispose();

    private void EndBlock()
    {
        Span<byte> block = _block.AsSpan(0, _used);
        SnapshotBlock.Seal(block, _kind, _entryCount, _blockCount, _seed);
        Append(block);
        _blockCount++;
        _entryCount = 0;
        if (ByteCount - _flushed >= FlushByteCount)
        {
            _file.Flush();
            _flushed = ByteCount;
        }
    }

    private void Append(ReadOnlySpan<byte> bytes)
    {
        _file.Write(bytes, ByteCount);
        Checksum = Crc32C.Append(Checksum, bytes);
        ByteCount += bytes.Length;
    }
}

/// <summary>Head of the rows file: magic, format version u32, 4 bytes 0, the shard's identity, the snapshot's id i64, zeros, CRC-32C u32.</summary>
internal static class SnapshotHead
{
    private const ulong Magic = 0x31504E534C424D45; // "EMBLSNP1"
    private const int ChecksumOffset = SnapshotFormat.FileHeadByteCount - sizeof(uint);

    public static void Write(Span<byte> head, Guid identity, long id)
    {
        head.Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(head, Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(head[8..], SnapshotFormat.Version);
        identity.TryWriteBytes(head[16..]);
        BinaryPrimitives.WriteInt64LittleEndian(head[32..], id);
        BinaryPrimitives.WriteUInt32LittleEndian(head[ChecksumOffset..], Crc32C.Append(0, head[..ChecksumOffset]));
    }

    public static bool IsOf(ReadOnlySpan<byte> head, Guid identity, long id)
    {
        Span<byte> expected = stackalloc byte[SnapshotFormat.FileHeadByteCount];
        Write(expected, identity, id);
        return head.SequenceEqual(expected);
    }
}

/// <summary>Head of a block.</summary>
internal static class SnapshotBlock
{
    private const uint Magic = 0x4B4C4253; // "SBLK"
    private const int ChecksumOffset = 20;

    public static void Seal(Span<byte> block, SnapshotBlockKind kind, int entryCount, int number, uint seed)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(block, Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(block[4..], (uint)kind);
        BinaryPrimitives.WriteInt32LittleEndian(block[8..], block.Length - SnapshotFormat.BlockHeadByteCount);
        BinaryPrimitives.WriteInt32LittleEndian(block[12..], entryCount);
        BinaryPrimitives.WriteInt32LittleEndian(block[16..], number);
        BinaryPrimitives.WriteUInt32LittleEndian(block[ChecksumOffset..], Checksum(block, seed));
    }

    /// <summary>Length of the payload of the block that begins here, or -1 when none can.</summary>
    public static int PlausiblePayloadByteCount(ReadOnlySpan<byte> head, long available)
    {
        if (head.Length < SnapshotFormat.BlockHeadByteCount || BinaryPrimitives.ReadUInt32LittleEndian(head) != Magic)
        {
            return -1;
        }

        int byteCount = BinaryPrimitives.ReadInt32LittleEndian(head[8..]);
        return byteCount >= 0 && byteCount <= available - SnapshotFormat.BlockHeadByteCount ? byteCount : -1;
    }

    public static bool IsWhole(ReadOnlySpan<byte> block, int number, uint seed) =>
        BinaryPrimitives.ReadInt32LittleEndian(block[16..]) == number
        && BinaryPrimitives.ReadUInt32LittleEndian(block[ChecksumOffset..]) == Checksum(block, seed);

    public static SnapshotBlockKind Kind(ReadOnlySpan<byte> block) => (SnapshotBlockKind)block[4];

    public static int EntryCount(ReadOnlySpan<byte> block) => BinaryPrimitives.ReadInt32LittleEndian(block[12..]);

    private static uint Checksum(ReadOnlySpan<byte> block, uint seed) =>
        Crc32C.Append(Crc32C.Append(seed, block[..ChecksumOffset]), block[SnapshotFormat.BlockHeadByteCount..]);
}
