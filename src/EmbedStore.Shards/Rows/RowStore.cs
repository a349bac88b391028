using System.Collections.Concurrent;
using FASTER.core;

namespace EmbedStore.Shards;

/// <summary>Rows by id: FASTER as the index and the pager. It keeps nothing over a restart.</summary>
/// <remarks>Any number of reading threads beside one writing thread.</remarks>
internal sealed partial class RowStore : IDisposable
{
    private readonly RowFormat _format;
    private readonly ShardOptions _options;
    private readonly string _folder;
    private readonly int _imageByteCount;
    private readonly RowStoreLayout _layout;
    private readonly PageDevice _device;
    private readonly FasterKV<long, SpanByte> _store;
    private readonly ConcurrentBag<RowSession> _idle = [];
    private readonly RowSession _writer;
    private ShardDamagedException? _damage;

    /// <summary>Every record before this address is whole. One behind it may lack its length, by which a scan goes on.</summary>
    private long _writtenTo;

    /// <param name="format">What a row is made of.</param>
    /// <param name="options">Sizes; rounded to powers of two here.</param>
    /// <param name="folder">Emptied first.</param>
    public RowStore(RowFormat format, ShardOptions options, string folder)
    {
        (_format, _options, _folder) = (format, options, folder);
        options.Disk.DeleteFolder(folder);
        options.Disk.CreateFolder(folder);
        _imageByteCount = RowImage.ByteCount(format);
        _layout = RowStoreLayout.Of(format, options);
        _rowsPerScanBatch = Math.Clamp(BatchByteCountMax / _imageByteCount, 1, RowsPerScanBatch);
        _recordsPerMove = Math.Clamp(BatchByteCountMax / _imageByteCount, 1, RecordsPerMoveMax);
        _device = new PageDevice(options.Disk, folder, _layout.PageByteCount);
        _store = new FasterKV<long, SpanByte>(new FasterKVSettings<long, SpanByte>
        {
            IndexSize = _layout.IndexByteCount,
            MemorySize = _layout.MemoryByteCount,
            PageSize = _layout.PageByteCount,
            SegmentSize = _layout.SegmentByteCount,
            MutableFraction = RowStoreLayout.MutableFraction,
            LogDevice = _device,
            ConcurrencyControlMode = ConcurrencyControlMode.None,
            ValueLength = new RowLength(_imageByteCount),
        });
        _writer = NewSession(wholeImages: true);
        _writtenTo = _store.Log.TailAddress;
    }

    /// <summary>What one more row takes of memory or scratch. Unit: bytes.</summary>
    public int RecordByteCount => _layout.RecordByteCount;

    /// <summary>Size of an image. Unit: bytes.</summary>
    public int ImageByteCount => _imageByteCount;

    /// <summary>Unit: bytes.</summary>
    public long IndexByteCount => _layout.IndexByteCount;

    /// <summary>Rows in memory. Unit: bytes.</summary>
    public long PagesByteCount => _store.Log.MemorySizeBytes;

    /// <summary>Unit: bytes.</summary>
    public long ScratchByteCount => _device.ByteCount;

    /// <summary>Rows in the store including superseded copies. Unit: bytes.</summary>
    public long LogByteCount => _store.Log.TailAddress - _store.Log.BeginAddress;

    /// <summary>Why rows can no longer be read, or null.</summary>
    public ShardDamagedException? Damage => Volatile.Read(ref _damage) ?? (_device.Failure is { } failure ? Damaged(failure.Message) : null);

    /// <summary>What scratch may grow by if <paramref name="rowCount"/> more records are written: nothing while all rows fit into memory. Unit: bytes.</summary>
    public long ScratchGrowth(long rowCount)
    {
        long added = rowCount * RecordByteCount;
        long tail = _store.Log.TailAddress;

        // FASTER writes a page when it stops being mutable, which is some pages before memory is full.
        long stays = (long)(_layout.MemoryByteCount * RowStoreLayout.MutableFraction) - (2 * _layout.PageByteCount);
        return tail + added <= stays ? 0 : Math.Min(tail, _layout.MemoryByteCount) + added + _layout.PageByteCount;
    }

    /// <summary>See <see cref="Shard.Read"/>; sizes are checked there.</summary>
    public int Read(ReadOnlySpan<long> rowIds, ReadOnlySpan<int> slots, in ReadRules rules, Memory<byte> destination, Memory<RowStatus> statuses, Memory<long> versions)
    {
        ThrowIfDamaged();
        if (!_idle.TryTake(out RowSession? session))
        {
            session = NewSession(wholeImages: false);
        }

        // Not in a finally: a session that threw may hold half a batch, so it is left to the end of the store.
        int missing = ReadCounted(session, rowIds, slots, rules, destination, statuses, versions);
        CheckBatch(session);
        _idle.Add(session);
        return missing;
    }

    /// <summary>The writer's read: whole images, one after the other; of rows that are gone their header.</summary>
    public void ReadImages(ReadOnlySpan<long> rowIds, Memory<byte> images, Memory<RowStatus> statuses)
    {
        ThrowIfDamaged();
        _writer.Read(rowIds, [], ReadRules.None, images, statuses, Memory<long>.Empty);
        CheckBatch(_writer);
    }

    /// <summary>The writer's write. Readers see each row before or after it.</summary>
    /// <param name="rowIds">Distinct.</param>
    /// <param name="images">Pinned.</param>
    /// <param name="changed">Images to write; the others are left.</param>
    public void WriteImages(ReadOnlySpan<long> rowIds, Span<byte> images, ReadOnlySpan<bool> changed)
    {
        _writer.Write(rowIds, images, changed);
        Volatile.Write(ref _writtenTo, _store.Log.TailAddress);
    }

    /// <summary>Stops everything. No call may be in flight.</summary>
    public void Dispose()
    {
        _segmentScan?.Dispose();
        _writer.Dispose();
        while (_idle.TryTake(out RowSession? session))
        {
            session.Dispose();
        }

        _device.Drain();
        _store.Dispose();
        _device.Dispose();
    }

    private int ReadCounted(
        RowSession session, ReadOnlySpan<long> rowIds, ReadOnlySpan<int> slots, in ReadRules rules, Memory<byte> destination, Memory<RowStatus> statuses, Memory<long> versions)
    {
        int phase = _reads.Enter();
        try
        {
            return session.Read(rowIds, slots, rules, destination, statuses, versions);
        }
        finally
        {
            _reads.Leave(phase);
        }
    }

    private RowSession NewSession(bool wholeImages) => new(_store, new RowFunctions(_imageByteCount, wholeImages, _format.DataByteCount));

    private void ThrowIfDamaged()
    {
        if (Damage is { } damage)
        {
            throw damage;
        }
    }

    private void CheckBatch(RowSession session)
    {
        ShardMeters.CountColdReads(session.ColdCount);
        if (session.DamagedRowId is { } rowId)
        {
            Volatile.Write(ref _damage, Damaged(FormattableString.Invariant($"row {rowId} came back from scratch with a wrong checksum")));
        }

        ThrowIfDamaged();
    }

    private ShardDamagedException Damaged(string reason) => new(_folder, -1, reason);
}
