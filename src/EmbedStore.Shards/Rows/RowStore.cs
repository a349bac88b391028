using System.Collections.Concurrent;
using System.Numerics;
using FASTER.core;

namespace EmbedStore.Shards;

/// <summary>Rows by id: FASTER as the index and the pager. It keeps nothing over a restart.</summary>
/// <remarks>Any number of reading threads beside one writing thread.</remarks>
internal sealed partial class RowStore : IDisposable
{
    // FASTER's own, measured by its layout: record header and key, and a bucket of 64 bytes for 7 rows of which about 4 stay unchained.
    private const int RecordOverheadByteCount = 20;
    private const int GoneRecordByteCount = (RecordOverheadByteCount + RowImage.DataOffset + 7) / 8 * 8;
    private const int IndexByteCountPerRow = 16;
    private const double MutableFraction = 0.9;

    private const long SegmentByteCountMax = 1L << 30;

    /// <summary>Scratch files of the rows that a store is made for, at most; each is kept open.</summary>
    private const int SegmentCount = 64;

    private readonly RowFormat _format;
    private readonly ShardOptions _options;
    private readonly string _folder;
    private readonly int _imageByteCount;
    private readonly long _memoryByteCount;
    private readonly long _pageByteCount;
    private readonly long _segmentByteCount;
    private readonly long _rowFootprint;
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
        RecordByteCount = (RecordOverheadByteCount + _imageByteCount + 7) / 8 * 8;

        // A record must fit into a page, beside the page's first 64 bytes; fewer than 8 pages leave FASTER nothing to turn over.
        _pageByteCount = PowerOfTwo(Math.Max(options.PageByteCount, RecordByteCount + 64));
        _memoryByteCount = PowerOfTwo(Math.Max(options.MemoryByteCount, 8 * _pageByteCount));
        _segmentByteCount = Math.Clamp(PowerOfTwo(Math.Max(_memoryByteCount, options.ExpectedRowCount * RecordByteCount / SegmentCount)), _pageByteCount, SegmentByteCountMax);
        _rowFootprint = _pageByteCount / (_pageByteCount / RecordByteCount);
        _rowsPerScanBatch = Math.Clamp(BatchByteCountMax / _imageByteCount, 1, RowsPerScanBatch);
        _recordsPerMove = Math.Clamp(BatchByteCountMax / _imageByteCount, 1, RecordsPerMoveMax);
        IndexByteCount = PowerOfTwo(Math.Max(options.ExpectedRowCount * IndexByteCountPerRow, 1 << 12));
        _device = new PageDevice(options.Disk, folder, _pageByteCount);
        _store = new FasterKV<long, SpanByte>(new FasterKVSettings<long, SpanByte>
        {
            IndexSize = IndexByteCount,
            MemorySize = _memoryByteCount,
            PageSize = _pageByteCount,
            SegmentSize = _segmentByteCount,
            MutableFraction = MutableFraction,
            LogDevice = _device,
            ConcurrencyControlMode = ConcurrencyControlMode.None,
            ValueLength = new RowLength(_imageByteCount),
        });
        _writer = NewSession(wholeImages: true);
        _writtenTo = _store.Log.TailAddress;
    }

    /// <summary>What one more row takes of memory or scratch. Unit: bytes.</summary>
    public int RecordByteCount { get; }

    /// <summary>Size of an image. Unit: bytes.</summary>
    public int ImageByteCount => _imageByteCount;

    /// <summary>Unit: bytes.</summary>
    public long IndexByteCount { get; }

    /// <summary>What index and pages take of memory now. Unit: bytes.</summary>
    public long MemoryByteCount => IndexByteCount + _store.Log.MemorySizeBytes;

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
        long stays = (long)(_memoryByteCount * MutableFraction) - (2 * _pageByteCount);
        return tail + added <= stays ? 0 : Math.Min(tail, _memoryByteCount) + added + _pageByteCount;
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

    private static long PowerOfTwo(long byteCount) => (long)BitOperations.RoundUpToPowerOf2((ulong)byteCount);

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
