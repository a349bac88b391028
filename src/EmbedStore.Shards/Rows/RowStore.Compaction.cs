using FASTER.core;

namespace EmbedStore.Shards;

/// <summary>Gives back scratch that superseded records take, a segment at a time, from the oldest on.</summary>
/// <remarks>
/// <para>1. What a segment still has of rows as they now are is written again, which makes new records at the end of the log. 2. Reads that began before that end: they may have looked
/// up the old places. 3. FASTER is told that its log begins behind the segment. 4. Reads that began before that end: they may be on their way to the old places in vain. 5. The file goes.</para>
/// <para>The writer's thread does it in small steps, and waits for nobody: what cannot go on yet is tried in a later step. While a scan runs, a segment stays.</para>
/// <para>Invariant: from <see cref="_movedUntil"/> on, each row stands in one record of its LSN, so a scan from there finds it once.</para>
/// </remarks>
internal sealed partial class RowStore
{
    /// <summary>Read behind writes for each byte they appended. At most half of what is read is moved, so 2 would just keep up.</summary>
    private const int CompactionBytesPerAppendedByte = 4;

    private const int RecordsPerMoveMax = 256;

    private readonly int _recordsPerMove;
    private readonly Lock _compactionGate = new();
    private readonly ReadPhases _reads = new();
    private CompactionStage _stage;
    private IFasterScanIterator<long, SpanByte>? _segmentScan;
    private CompactionBuffers? _buffers;
    private long _segmentEnd;
    private long _movedUntil;
    private long _tailBehindWrites;
    private int _scanCount;

    private enum CompactionStage
    {
        Resting,
        Moving,
        WaitingToShift,
        WaitingToDelete,
    }

    /// <summary>Called when a step that could not go on may go on now. On any thread.</summary>
    public Action CompactionCanGoOn
    {
        set => _reads.Emptied = value;
    }

    /// <summary>Does what the records written since the last call call for. The writer's thread.</summary>
    /// <param name="goal">What the store has to hold.</param>
    /// <returns>False when there is nothing that could be done now.</returns>
    /// <exception cref="ShardDamagedException">Scratch gave back something else than was put there.</exception>
    public bool CompactBehindWrites(in CompactionGoal goal)
    {
        long byteCount = CompactionBytesPerAppendedByte * (_store.Log.TailAddress - _tailBehindWrites);
        long began = _movedUntil;
        bool canGoOn = true;
        while (canGoOn && _movedUntil - began < byteCount)
        {
            canGoOn = CompactStep(goal);
        }

        _tailBehindWrites = _store.Log.TailAddress;
        return canGoOn;
    }

    /// <summary>Does a little. The writer's thread.</summary>
    /// <param name="goal">What the store has to hold.</param>
    /// <returns>False when there is nothing that could be done now.</returns>
    /// <exception cref="ShardDamagedException">Scratch gave back something else than was put there.</exception>
    public bool CompactStep(in CompactionGoal goal)
    {
        switch (_stage)
        {
            case CompactionStage.Resting:
                return TryBegin(goal);
            case CompactionStage.Moving:
                return TryMove(goal.ForgottenTo);
            case CompactionStage.WaitingToShift:
                return TryShift();
            default:
                return TryDelete();
        }
    }

    private bool TryBegin(in CompactionGoal goal)
    {
        long begin = _store.Log.BeginAddress;
        long end = (begin / _layout.SegmentByteCount * _layout.SegmentByteCount) + _layout.SegmentByteCount;
        bool mostIsSuperseded = LogByteCount > (2 * goal.NeededByteCount) + _layout.MemoryByteCount;

        // Behind the head records are never changed in place, and a new one is made for a row that is written again.
        if (!mostIsSuperseded || end > _store.Log.HeadAddress)
        {
            return false;
        }

        _segmentEnd = end;
        _segmentScan = _store.Log.Scan(begin, end);
        _buffers ??= new CompactionBuffers(_recordsPerMove, _imageByteCount);
        _stage = CompactionStage.Moving;
        return true;
    }

    private bool TryMove(long forgottenTo)
    {
        CompactionBuffers buffers = _buffers!;
        if (buffers.Records.Count == 0 && !Collect(_segmentScan!, buffers.Records, _recordsPerMove))
        {
            EndMoving();
            return true;
        }

        // What is moved is given back soon, so it may take of the reserve that keeps writes from filling the disk.
        long growth = ScratchGrowth(buffers.Records.Count);
        if (_options.Disk.FreeByteCount(_folder) - growth < _options.ReserveByteCount / 2)
        {
            return false;
        }

        Move(buffers, forgottenTo);
        buffers.Records.Clear();
        return true;
    }

    private void Move(CompactionBuffers buffers, long forgottenTo)
    {
        int count = buffers.Records.Count;
        Span<long> rowIds = buffers.RowIds.AsSpan(0, count);
        for (int i = 0; i < count; i++)
        {
            rowIds[i] = buffers.Records[i].RowId;
        }

        ReadImages(rowIds, buffers.Images.AsMemory(0, count * _imageByteCount), buffers.Statuses.AsMemory(0, count));
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> image = buffers.Images.AsSpan(i * _imageByteCount, _imageByteCount);
            bool isCurrent = buffers.Statuses[i] != RowStatus.NeverWritten && RowImage.Lsn(image) == buffers.Records[i].Lsn;
            bool isForgotten = isCurrent && RowImage.IsGone(image) && buffers.Records[i].Lsn <= forgottenTo;
            buffers.IsCurrent[i] = isCurrent && !isForgotten;
            ForgottenRowCount += isForgotten ? 1 : 0;
        }

        lock (_compactionGate)
        {
            WriteImages(rowIds, buffers.Images.AsSpan(0, count * _imageByteCount), buffers.IsCurrent.AsSpan(0, count));
            _movedUntil = _segmentScan!.NextAddress;
        }
    }

    private void EndMoving()
    {
        _segmentScan!.Dispose();
        _segmentScan = null;
        lock (_compactionGate)
        {
            _movedUntil = _segmentEnd;
        }

        _reads.Turn();
        _stage = CompactionStage.WaitingToShift;
    }

    private bool TryShift()
    {
        lock (_compactionGate)
        {
            if (_scanCount > 0 || !_reads.IsDrained)
            {
                return false;
            }

            _store.Log.ShiftBeginAddress(_segmentEnd);
        }

        _reads.Turn();
        _stage = CompactionStage.WaitingToDelete;
        return true;
    }

    private bool TryDelete()
    {
        if (!_reads.IsDrained)
        {
            return false;
        }

        _device.DeleteBefore(_segmentEnd);
        _stage = CompactionStage.Resting;
        return true;
    }

    /// <summary>Where a scan that begins now finds every row, each in one record of its LSN.</summary>
    private (long Begin, long End) BeginScan()
    {
        lock (_compactionGate)
        {
            _scanCount++;
            return (Math.Max(_movedUntil, _store.Log.BeginAddress), Volatile.Read(ref _writtenTo));
        }
    }

    private void EndScan()
    {
        lock (_compactionGate)
        {
            _scanCount--;
        }

        _reads.Emptied();
    }

    /// <summary>What rows take when each stands in one record. Unit: bytes.</summary>
    /// <param name="liveRowCount">Rows that have data.</param>
    /// <param name="goneRowCount">Rows that are missing and know why.</param>
    public long NeededByteCount(long liveRowCount, long goneRowCount) => (liveRowCount * _layout.RowFootprint) + (goneRowCount * RowStoreLayout.GoneRecordByteCount);

    /// <summary>Rows that were left behind: they are missing, and it is not remembered why. They are not in the store any more.</summary>
    public long ForgottenRowCount { get; private set; }

    /// <summary>One batch of records that may move.</summary>
    private sealed class CompactionBuffers(int recordCount, int imageByteCount)
    {
        public List<(long RowId, long Lsn)> Records { get; } = new(recordCount);

        public long[] RowIds { get; } = new long[recordCount];

        public byte[] Images { get; } = GC.AllocateUninitializedArray<byte>(recordCount * imageByteCount, pinned: true);

        public RowStatus[] Statuses { get; } = new RowStatus[recordCount];

        public bool[] IsCurrent { get; } = new bool[recordCount];
    }
}

/// <summary>What compaction works towards.</summary>
/// <param name="NeededByteCount">See <see cref="RowStore.NeededByteCount"/>.</param>
/// <param name="ForgottenTo">Rows that are gone since this LSN or longer are left behind.</param>
internal readonly record struct CompactionGoal(long NeededByteCount, long ForgottenTo);
