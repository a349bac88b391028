namespace EmbedStore.Shards;

/// <summary>Reads the rows file of a snapshot block by block, and checks each. One thread.</summary>
internal sealed class SnapshotReader : IDisposable
{
    private readonly IDiskFile _file;
    private readonly string _path;
    private readonly uint _seed;
    private readonly long _length;
    private byte[] _block = new byte[1 << 20];
    private long _offset = SnapshotFormat.FileHeadByteCount;
    private int _blockCount;
    private uint _checksum;

    /// <exception cref="ShardDamagedException">The file is not there, or is not what its manifest names.</exception>
    public SnapshotReader(IDisk disk, string path, SnapshotManifest manifest)
    {
        _path = path;
        _seed = RecordHeader.Seed(manifest.Shard);
        if (!disk.FileExists(path))
        {
            throw Damaged(0, "it is missing, though its manifest is there.");
        }

        _file = disk.Open(path, create: false);
        try
        {
            _length = _file.Length;
            if (_length != manifest.ByteCount)
            {
                throw Damaged(Math.Min(_length, manifest.ByteCount), FormattableString.Invariant($"it has {_length} bytes, its manifest says {manifest.ByteCount}."));
            }

            ReadOnlySpan<byte> head = Read(0, SnapshotFormat.FileHeadByteCount);
            if (!SnapshotHead.IsOf(head, manifest.Shard, manifest.Id))
            {
                throw Damaged(0, "its head is not that of this snapshot.");
            }

            _checksum = Crc32C.Append(0, head);
        }
        catch
        {
            _file.Dispose();
            throw;
        }
    }

    /// <summary>Of the block that was read last.</summary>
    public SnapshotBlockKind Kind { get; private set; }

    /// <summary>Of the block that was read last.</summary>
    public int EntryCount { get; private set; }

    /// <summary>Content of the block that was read last. Valid until the next one is read.</summary>
    public ReadOnlyMemory<byte> Payload { get; private set; }

    /// <returns>False behind the last block.</returns>
    /// <exception cref="ShardDamagedException">The next block is not what was written.</exception>
    public bool TryNext()
    {
        if (Kind == SnapshotBlockKind.End)
        {
            return _offset == _length ? false : throw Damaged(_offset, "bytes stand behind its end.");
        }

        ReadOnlySpan<byte> head = Read(_offset, (int)Math.Min(SnapshotFormat.BlockHeadByteCount, _length - _offset));
        int payloadByteCount = SnapshotBlock.PlausiblePayloadByteCount(head, _length - _offset);
        if (payloadByteCount < 0)
        {
            throw Damaged(_offset, "no block begins here.");
        }

        ReadOnlySpan<byte> block = Read(_offset, SnapshotFormat.BlockHeadByteCount + payloadByteCount);
        if (!SnapshotBlock.IsWhole(block, _blockCount, _seed))
        {
            throw Damaged(_offset, FormattableString.Invariant($"block {_blockCount} has a wrong checksum."));
        }

        _checksum = Crc32C.Append(_checksum, block);
        (Kind, EntryCount) = (SnapshotBlock.Kind(block), SnapshotBlock.EntryCount(block));
        Payload = _block.AsMemory(SnapshotFormat.BlockHeadByteCount, payloadByteCount);
        _offset += block.Length;
        _blockCount++;
        return true;
    }

    /// <summary>Compares all that was read with what the manifest says of it.</summary>
    /// <exception cref="ShardDamagedException">They differ.</exception>
    public void RequireChecksum(SnapshotManifest manifest)
    {
        if (_checksum != manifest.Checksum)
        {
            throw Damaged(0, "its checksum is not the one of its manifest.");
        }
    }

    /// <summary>What a caller says who cannot make sense of the block that was read last.</summary>
    public ShardDamagedException Senseless() =>
        Damaged(_offset - Payload.Length, FormattableString.Invariant($"a block of kind {(int)Kind} with {EntryCount} entries in {Payload.Length} bytes does not fit itself."));

    public void Dispose() => _file.Dispose();

    private ReadOnlySpan<byte> Read(long offset, int byteCount)
    {
        if (byteCount > _block.Length)
        {
            _block = new byte[byteCount];
        }

        return ReadAt(offset, byteCount) == byteCount ? _block.AsSpan(0, byteCount) : throw Damaged(offset, "it became shorter while it was read.");
    }

    private int ReadAt(long offset, int byteCount)
    {
        try
        {
            return _file.Read(_block.AsSpan(0, byteCount), offset);
        }
        catch (IOException error)
        {
            // The usual way for a disk to say that a sector is lost.
            throw Damaged(offset, $"it cannot be read: {error.Message}");
        }
    }

    private ShardDamagedException Damaged(long offset, string reason) => new(_path, offset, reason);
}
