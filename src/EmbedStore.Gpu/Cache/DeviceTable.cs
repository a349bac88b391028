using System.Buffers;
using EmbedStore.Serving;
using EmbedStore.Shards;
using EmbedStore.Tensors;

namespace EmbedStore.Gpu;

/// <summary>Rows of one table in device memory: all of them where they fit, else those that are read most.</summary>
/// <remarks>
/// <para>A change of a row takes it from the device at once, before the change is acknowledged, and brings it back with the next flush; meanwhile the processor's memory serves it. So what is read here is never older than the newest acknowledged write.</para>
/// <para>Readers hold the gate; a flush closes it for its kernel. Nobody waits for the gate but the flush: who finds it closed goes to the processor's memory.</para>
/// <para>Thread-safe.</para>
/// </remarks>
internal sealed class DeviceTable : IMovingRows, IDisposable
{
    private const int BackfillRowCount = 4096;

    private readonly GpuDevice _device;
    private readonly Slab _slab;
    private readonly PendingRows _pending;
    private readonly ReaderWriterLockSlim _gate = new(LockRecursionPolicy.NoRecursion);
    private readonly ScatterLaunch _scatter;
    private readonly Action _signal;
    private long _liveRowCount;
    private int _backfillNext;
    private volatile bool _isDisposed;

    private delegate void ScatterLaunch(LaneHalf half, Part<byte> rows, Part<int> slots, Part<long> versions);

    private DeviceTable(GpuDevice device, Slab slab, bool isDirect, int pendingByteCount, Action signal)
    {
        (_device, _slab, _signal) = (device, slab, signal);
        Directory = new SlotDirectory(slab.SlotCount, isDirect);
        Gather = new RowGather(device, slab);
        Bags = BagRun.TryMake(device, slab);
        Nearest = isDirect ? NearestRun.TryMake(device, slab) : null;
        _pending = new PendingRows(slab.Layout.DataByteCount, pendingByteCount);
        _scatter = LoadScatter(device, slab);
    }

    /// <summary>Which row is where.</summary>
    public SlotDirectory Directory { get; }

    /// <summary>Brings rows to the processor.</summary>
    public RowGather Gather { get; }

    /// <summary>Pools rows; null: not such rows.</summary>
    public BagRun? Bags { get; }

    /// <summary>Searches rows; null: not such rows, or not all of them fit.</summary>
    public NearestRun? Nearest { get; }

    /// <summary>How rows lie.</summary>
    public RowLayout Layout => _slab.Layout;

    /// <summary>Device memory that it takes. Unit: bytes, exact.</summary>
    public long ByteCount => _slab.ByteCount;

    /// <summary>True when every live row is on the device, and nothing else.</summary>
    public bool IsComplete => Directory.UnsettledCount == 0 && Directory.ValidCount == Interlocked.Read(ref _liveRowCount);

    /// <summary>False: rows may be missing here that the shard has.</summary>
    bool IRowMirror.IsComplete => false;

    /// <summary>Rows that wait for a flush.</summary>
    public int PendingCount => _pending.Count;

    /// <summary>What a table may have on a device. A slot knows no key and no time, and the use of a row is noted by its shard.</summary>
    public static bool Fits(TableSpec spec) => spec.Capacity is null && !spec.ToRowFormat().Keyed && spec.ToRowFormat().TimeToLiveMilliseconds is null;

    /// <summary>Makes place for a table's rows.</summary>
    /// <param name="device">Where.</param>
    /// <param name="spec">The table.</param>
    /// <param name="byteCountMax">Of device memory. Unit: bytes.</param>
    /// <param name="pendingByteCount">For rows on their way. Unit: bytes.</param>
    /// <param name="signal">Called when there is something to flush.</param>
    /// <returns>Null when too little fits.</returns>
    public static DeviceTable? TryMake(GpuDevice device, TableSpec spec, long byteCountMax, int pendingByteCount, Action signal)
    {
        var layout = new RowLayout(spec.ToRowFormat());
        TableShape shape = spec.ToShape();
        long slots = Math.Min(byteCountMax / layout.SlotByteCount, 1L << 30);
        bool isDirect = !shape.IsOpen && shape.RowCount <= slots;
        if (isDirect)
        {
            slots = Math.Max(shape.RowCount, Slab.SlotCountMin);
        }

        Slab? slab = Slab.TryAllocate(device, layout, (int)(slots / SlotDirectory.WayCount * SlotDirectory.WayCount) + (isDirect ? SlotDirectory.WayCount : 0));
        return slab is null ? null : new DeviceTable(device, slab, isDirect && slab.SlotCount >= shape.RowCount, pendingByteCount, signal);
    }

    /// <summary>Begins to read: slots keep their rows until <see cref="Leave"/>.</summary>
    /// <returns>False: a flush is at it.</returns>
    public bool TryEnter()
    {
        if (!_gate.TryEnterReadLock(0))
        {
            return false;
        }

        if (_isDisposed)
        {
            _gate.ExitReadLock();
            return false;
        }

        return true;
    }

    /// <summary>Ends what <see cref="TryEnter"/> began.</summary>
    public void Leave() => _gate.ExitReadLock();

    /// <summary>Copies the rows that are here into their places. Inside the gate.</summary>
    /// <param name="lane">To work with.</param>
    /// <param name="rowIds">Shape [n].</param>
    /// <param name="block">Slots by position.</param>
    /// <param name="missed">Shape [n]: positions that are not here, rising, filled from its beginning.</param>
    /// <returns>How many were missed.</returns>
    public int Read(Lane lane, ReadOnlySpan<long> rowIds, in RowBlock block, Span<int> missed)
    {
        int most = Math.Min(RowGather.RowCountMax(lane.First, Layout.DataByteCount), Math.Max(rowIds.Length, 1));
        if (most == 0)
        {
            for (int i = 0; i < rowIds.Length; i++)
            {
                missed[i] = i;
            }

            return rowIds.Length;
        }

        using var first = new ReadPass(most);
        using var second = new ReadPass(most);
        int missCount = 0;
        int turn = 0;
        for (int at = 0; at < rowIds.Length; turn++)
        {
            ReadPass pass = (turn & 1) == 0 ? first : second;
            pass.End(lane.Half(turn), block, Layout.DataByteCount);
            for (; at < rowIds.Length && pass.Count < most; at++)
            {
                int slot = Directory.Find(rowIds[at], out long version);
                if (slot < 0)
                {
                    missed[missCount++] = at;
                }
                else
                {
                    pass.Add(at, slot, version);
                }
            }

            pass.Begin(Gather, lane.Half(turn));
        }

        first.End(lane.First, block, Layout.DataByteCount);
        second.End(lane.Second, block, Layout.DataByteCount);
        return missCount;
    }

    /// <summary>Finds the slots of rows that must all be here. Inside the gate.</summary>
    public bool TryFind(ReadOnlySpan<long> rowIds, Span<int> slots, Span<long> versions)
    {
        for (int i = 0; i < rowIds.Length; i++)
        {
            slots[i] = Directory.Find(rowIds[i], out long version);
            if (slots[i] < 0)
            {
                return false;
            }

            if (!versions.IsEmpty)
            {
                versions[i] = version;
            }
        }

        return true;
    }

    /// <summary>Offers a row that was read below.</summary>
    /// <param name="rowId">The row.</param>
    /// <param name="version">Of it. Above 0.</param>
    /// <param name="clock">From before the row was looked for here.</param>
    /// <param name="data">As it is stored.</param>
    public void Offer(long rowId, long version, long clock, ReadOnlySpan<byte> data)
    {
        if (_device.IsOn && _pending.HasRoomForAdmissions && Directory.Wants(rowId) && _pending.TryAdd(new PendingEntry(rowId, version, 0, clock), data))
        {
            _signal();
        }
    }

    /// <summary>Offers rows that the processor's memory has and the device has not: a part of the table each time.</summary>
    /// <param name="table">The table.</param>
    /// <returns>False: there is nothing to do now.</returns>
    public bool Backfill(Table table)
    {
        if (!Directory.IsDirect || IsComplete || !_device.IsOn || table.Resident is not { } resident || !table.AllShardsServe() || _pending.Count > 0)
        {
            return false;
        }

        long clock = Directory.Clock;
        int most = Math.Min(BackfillRowCount, Math.Max(1, RowFormat.RowByteCountMax / Layout.DataByteCount * 4));
        long[] ids = ArrayPool<long>.Shared.Rent(most);
        int limit = (int)Math.Min(Directory.SlotCount, table.Shape.RowCount);
        int count = Directory.ListEmpty(_backfillNext, ids.AsSpan(0, most), out _backfillNext);
        count = ids.AsSpan(0, count).IndexOfAnyExceptInRange(0L, limit - 1L) is var end and >= 0 ? end : count;
        _backfillNext = _backfillNext >= limit ? 0 : _backfillNext;
        if (count > 0)
        {
            Backfill(resident, ids.AsSpan(0, count), clock);
        }

        ArrayPool<long>.Shared.Return(ids);
        return _pending.Count > 0 || _backfillNext != 0;
    }

    /// <summary>Sends what waits to the device. One thread at a time.</summary>
    /// <param name="half">To work with.</param>
    /// <exception cref="Exception">The device failed: <see cref="GpuDevice.IsDeviceFault"/>.</exception>
    public void Flush(LaneHalf half)
    {
        if (_isDisposed || _pending.Count == 0)
        {
            return;
        }

        PendingBatch batch = _pending.Take();
        int most = Math.Max((half.ByteCount - 64) / (Layout.StrideByteCount + sizeof(int) + sizeof(long)), 0);
        for (int first = 0; first < batch.Count && most > 0; first += most)
        {
            Send(half, batch, first, Math.Min(most, batch.Count - first));
        }
    }

    void IRowMirror.Resize(long change) => Interlocked.Add(ref _liveRowCount, change);

    void IRowMirror.Write(long rowId, long lsn, ReadOnlySpan<byte> data)
    {
        // Shards that open fill the row's slot, too: only those that are in the table have one.
        long ticket = _device.IsOn && !_isDisposed ? Directory.Change(rowId) : 0;
        if (ticket == 0)
        {
            return;
        }

        if (_pending.TryAdd(new PendingEntry(rowId, data.IsEmpty ? 0 : lsn, ticket, 0), data))
        {
            _signal();
        }
        else
        {
            Directory.Drop(rowId, ticket);
        }
    }

    /// <inheritdoc/>
    public void Forget(Predicate<long> isMeant) => Directory.Forget(isMeant);

    RowStatus IRowMirror.Read(long rowId, Span<byte> data, out long lsn) => throw new NotSupportedException("Not every row is here.");

    /// <inheritdoc/>
    public void Dispose()
    {
        _isDisposed = true;
        _gate.EnterWriteLock();
        _gate.ExitWriteLock();
        _slab.Dispose();
    }

    private void Backfill(ResidentRows resident, ReadOnlySpan<long> ids, long clock)
    {
        int size = Layout.DataByteCount;
        byte[] rows = ArrayPool<byte>.Shared.Rent(ids.Length * size);
        RowStatus[] statuses = ArrayPool<RowStatus>.Shared.Rent(ids.Length);
        long[] versions = ArrayPool<long>.Shared.Rent(ids.Length);
        resident.Read(ids, new RowBlock(rows.AsMemory(0, ids.Length * size), statuses.AsMemory(0, ids.Length), versions.AsMemory(0, ids.Length)));
        for (int i = 0; i < ids.Length; i++)
        {
            if (statuses[i] == RowStatus.Found)
            {
                Offer(ids[i], versions[i], clock, rows.AsSpan(i * size, size));
            }
            else if (Directory.Clear(ids[i], clock) is var ticket and not 0 && !_pending.TryAdd(new PendingEntry(ids[i], 0, ticket, 0), []))
            {
                Directory.Drop(ids[i], ticket);
            }
        }

        ArrayPool<byte>.Shared.Return(rows);
        ArrayPool<RowStatus>.Shared.Return(statuses);
        ArrayPool<long>.Shared.Return(versions);
    }

    private void Send(LaneHalf half, PendingBatch batch, int first, int count)
    {
        half.Clear();
        int stride = Layout.StrideByteCount;
        Part<byte> rows = half.Take<byte>(count * stride);
        Part<int> slots = half.Take<int>(count);
        Part<long> versions = half.Take<long>(count);
        for (int i = 0; i < count; i++)
        {
            batch.Data(first + i).CopyTo(half.Host(rows)[(i * stride)..]);
        }

        // The rows travel while the gate is open; only their places are decided behind it.
        half.Upload(rows);
        _gate.EnterWriteLock();
        try
        {
            if (Place(batch.Entries.Slice(first, count), half.Host(slots), half.Host(versions)))
            {
                half.Upload(slots);
                half.Upload(versions);
                _device.Step(DeviceStep.Launch);
                _scatter(half, rows, slots, versions);
                half.Wait();
                foreach (PendingEntry entry in batch.Entries.Slice(first, count))
                {
                    Directory.Settle(entry.RowId, entry.Ticket, entry.Version);
                }
            }
        }
        finally
        {
            _gate.ExitWriteLock();
        }
    }

    /// <summary>Finds the slot of each row; -1 for one that changed since. Rows that ask for a slot first, so that no slot is given away that a change goes to.</summary>
    /// <returns>False: nothing is to be sent.</returns>
    private bool Place(Span<PendingEntry> entries, Span<int> slots, Span<long> versions)
    {
        for (int i = 0; i < entries.Length; i++)
        {
            PendingEntry entry = entries[i];
            if (entry.Ticket == 0)
            {
                Directory.Admit(entry.RowId, entry.Clock, out long ticket);
                entries[i] = entry with { Ticket = ticket };
            }
        }

        bool isAny = false;
        for (int i = 0; i < entries.Length; i++)
        {
            // A ticket of 0 got no slot.
            slots[i] = entries[i].Ticket == 0 ? -1 : Directory.SlotOfTicket(entries[i].RowId, entries[i].Ticket);
            versions[i] = entries[i].Version;
            isAny |= slots[i] >= 0;
        }

        return isAny;
    }

    private static ScatterLaunch LoadScatter(GpuDevice device, Slab slab)
    {
        var kernel = ScatterKernel.Load(device);
        int units = (int)(slab.Layout.StrideByteCount / RowLayout.Alignment);
        int shift = Walk.LaneShift(units, device.GroupSize);
        return (half, rows, slots, versions) => kernel(
            half.Stream,
            device.Grid((long)slots.Count << shift),
            half.Device(rows).Cast<Float4>(),
            half.Device(slots),
            half.Device(versions),
            units,
            shift,
            slab.As<Float4>(),
            slab.Words);
    }

    /// <summary>Rows that one half brings.</summary>
    private sealed class ReadPass(int most) : IDisposable
    {
        private readonly int[] _positions = ArrayPool<int>.Shared.Rent(most);
        private readonly int[] _slots = ArrayPool<int>.Shared.Rent(most);
        private readonly long[] _versions = ArrayPool<long>.Shared.Rent(most);
        private GatherPass _pass;

        public int Count { get; private set; }

        public void Add(int position, int slot, long version) => (_positions[Count], _slots[Count], _versions[Count++]) = (position, slot, version);

        public void Begin(RowGather gather, LaneHalf half)
        {
            half.Clear();
            int bad = gather.Start(half, _slots.AsSpan(0, Count), null, out _pass);
            if (bad >= 0)
            {
                throw new DeviceFaultException(FormattableString.Invariant($"The directory gave slot {_slots[bad]}, which the device does not have."));
            }
        }

        /// <summary>Waits for the rows and copies them to their places.</summary>
        public void End(LaneHalf half, in RowBlock block, int rowByteCount)
        {
            if (Count == 0)
            {
                return;
            }

            half.Wait();
            ReadOnlySpan<long> versions = half.Host(_pass.Versions);
            if (!versions.SequenceEqual(_versions.AsSpan(0, Count)))
            {
                throw new DeviceFaultException("The device has another version of a row than it was given.");
            }

            ReadOnlySpan<byte> rows = half.Host(_pass.Rows);
            Span<byte> destination = block.Rows.Span;
            Span<RowStatus> statuses = block.Statuses.Span;
            Span<long> destinationVersions = block.Versions.Span;
            for (int i = 0; i < Count; i++)
            {
                int position = _positions[i];
                rows.Slice(i * rowByteCount, rowByteCount).CopyTo(destination.Slice(position * rowByteCount, rowByteCount));
                statuses[position] = RowStatus.Found;
                if (!destinationVersions.IsEmpty)
                {
                    destinationVersions[position] = versions[i];
                }
            }

            Count = 0;
        }

        public void Dispose()
        {
            ArrayPool<int>.Shared.Return(_positions);
            ArrayPool<int>.Shared.Return(_slots);
            ArrayPool<long>.Shared.Return(_versions);
        }
    }
}
