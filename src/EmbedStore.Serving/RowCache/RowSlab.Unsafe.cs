// Invariant of every address in this file: it lies in the block of RowMemory, which is freed only when no Hold is left, inside the slot of a row
// whose id was compared with the number of rows, or of a set below the number of sets and a way below their number. Copies between a slot and a caller's span take exactly _dataByteCount bytes, and the span was sliced to that length.
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using EmbedStore.Shards;

namespace EmbedStore.Serving;

/// <summary>Rows side by side in memory, found by their id: one slot a row, a version word and the data.</summary>
/// <remarks>
/// <para>The word is a sequence lock. 0: never written. <see cref="Busy"/>: the row's one writer is at it. Else twice the LSN, plus one for an erased row: it rises with each
/// change, so a reader that finds the same word before and after its copy has a whole row. Readers wait for nothing but the copy of one row, writers for nobody.</para>
/// <para>Any number of readers; one writer at a time for each row.</para>
/// </remarks>
internal sealed unsafe class RowSlab : IDisposable
{
    private const int WordByteCount = sizeof(ulong);
    private const ulong Busy = ulong.MaxValue;

    /// <summary>Rows between the one that is asked for and the one that is copied: about as many as the processor can have on their way. Worth a fifth, see the README.</summary>
    private const int RowsAhead = 8;

    private readonly RowMemory _memory;
    private readonly long _rowCount;
    private readonly int _dataByteCount;
    private readonly long _slotByteCount;

    /// <exception cref="OutOfMemoryException">There is no such piece of address space.</exception>
    public RowSlab(long rowCount, int dataByteCount)
    {
        _rowCount = rowCount;
        _dataByteCount = dataByteCount;
        _slotByteCount = SlotByteCount(dataByteCount);
        ByteCount = checked(rowCount * _slotByteCount);
        _memory = new RowMemory(ByteCount);
    }

    /// <summary>Unit: bytes. All of it is reserved; pages are taken as rows are written.</summary>
    public long ByteCount { get; }

    /// <summary>What one row takes. Unit: bytes.</summary>
    public static int SlotByteCount(int dataByteCount) => (WordByteCount + dataByteCount + 7) & ~7;

    /// <summary>Copies row <c>rowIds[i]</c> to place i of <paramref name="destination"/>.</summary>
    /// <param name="rowIds">Shape [n], each in [0, rows).</param>
    /// <param name="destination">Shape [n, data bytes].</param>
    /// <param name="statuses">Shape [n].</param>
    /// <param name="versions">Shape [n], or empty.</param>
    /// <returns>Rows that are missing. Their place is left as it was, unless the row was erased while it was copied: then what it holds means nothing.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An id or a shape does not fit.</exception>
    /// <exception cref="ObjectDisposedException">The slab is gone.</exception>
    public int Read(ReadOnlySpan<long> rowIds, Span<byte> destination, Span<RowStatus> statuses, Span<long> versions)
    {
        statuses = statuses[..rowIds.Length];
        versions = versions.IsEmpty ? versions : versions[..rowIds.Length];
        ArgumentOutOfRangeException.ThrowIfLessThan(destination.Length, (long)rowIds.Length * _dataByteCount, nameof(destination));
        using var hold = new RowMemory.Hold(_memory);
        int missing = 0;
        for (int i = 0; i < rowIds.Length; i++)
        {
            if (i + RowsAhead < rowIds.Length)
            {
                Prefetch(rowIds[i + RowsAhead]);
            }

            ulong word = Copy(SlotOf(rowIds[i]), destination.Slice(i * _dataByteCount, _dataByteCount));
            statuses[i] = StatusOf(word);
            missing += statuses[i] == RowStatus.Found ? 0 : 1;
            if (!versions.IsEmpty)
            {
                versions[i] = LsnOf(word);
            }
        }

        return missing;
    }

    /// <summary>One row, as <see cref="IRowMirror.Read"/>.</summary>
    public RowStatus ReadOne(long rowId, Span<byte> data, out long lsn)
    {
        using var hold = new RowMemory.Hold(_memory);
        ulong word = Copy(SlotOf(rowId), data[.._dataByteCount]);
        lsn = LsnOf(word);
        return StatusOf(word);
    }

    /// <summary>One row, as <see cref="IRowMirror.Write"/>.</summary>
    public void Write(long rowId, long lsn, ReadOnlySpan<byte> data)
    {
        using var hold = new RowMemory.Hold(_memory);
        byte* slot = SlotOf(rowId);
        ref ulong word = ref *(ulong*)slot;
        if (data.IsEmpty)
        {
            Volatile.Write(ref word, ((ulong)lsn << 1) | 1);
            return;
        }

        data = data[.._dataByteCount];
        Volatile.Write(ref word, Busy);
        Volatile.WriteBarrier();
        data.CopyTo(new Span<byte>(slot + WordByteCount, _dataByteCount));
        Volatile.Write(ref word, (ulong)lsn << 1);
    }

    /// <summary>Gives the memory back once no call is inside. Later calls fail.</summary>
    public void Dispose() => _memory.Dispose();

    private static RowStatus StatusOf(ulong word) =>
        word == 0 ? RowStatus.NeverWritten : (word & 1) == 0 ? RowStatus.Found : RowStatus.Erased;

    private static long LsnOf(ulong word) => (long)(word >> 1);

    /// <returns>The row's word. Only when that says Found is the row in <paramref name="target"/>.</returns>
    private static ulong Copy(byte* slot, Span<byte> target)
    {
        var wait = default(SpinWait);
        while (true)
        {
            ulong before = Volatile.Read(ref *(ulong*)slot);
            if (before != Busy)
            {
                if (StatusOf(before) != RowStatus.Found)
                {
                    return before;
                }

                new ReadOnlySpan<byte>(slot + WordByteCount, target.Length).CopyTo(target);
                Volatile.ReadBarrier();
                if (*(ulong*)slot == before)
                {
                    return before;
                }
            }

            wait.SpinOnce(sleep1Threshold: -1);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private byte* SlotOf(long rowId)
    {
        if (rowId < 0 || rowId >= _rowCount)
        {
            Refuse(rowId);
        }

        return _memory.Start + unchecked(rowId * _slotByteCount);
    }

    private void Refuse(long rowId) => throw new ArgumentOutOfRangeException(nameof(rowId), rowId, FormattableString.Invariant($"The slab holds rows [0, {_rowCount})."));

    private void Prefetch(long rowId)
    {
        if (Sse.IsSupported && rowId >= 0 && rowId < _rowCount)
        {
            RowMemory.Prefetch(_memory.Start + unchecked(rowId * _slotByteCount), _slotByteCount);
        }
    }
}

/// <summary>A zeroed block of memory outside the collected heap. The system gives its pages when they are first written.</summary>
internal sealed unsafe partial class RowMemory : SafeHandle
{
    public const long HugePageByteCount = 2 << 20;

    private const int AdviseHugePages = 14;

    /// <summary>Bytes of a row that are asked for ahead; the processor sees by itself how a longer one goes on.</summary>
    private const int BytesAheadMax = 512;

    private const int CacheLineByteCount = 64;

    /// <param name="byteCount">Unit: bytes.</param>
    /// <param name="hugeFrom">What lies before may stay in small pages, so that little of it takes little. Unit: bytes, a multiple of a huge page.</param>
    public RowMemory(long byteCount, long hugeFrom = 0)
        : base(0, ownsHandle: true)
    {
        SetHandle((nint)NativeMemory.AllocZeroed((nuint)(byteCount + HugePageByteCount)));
        Start = (byte*)((handle + (nint)HugePageByteCount - 1) & ~((nint)HugePageByteCount - 1));
        if (OperatingSystem.IsLinux() && byteCount > hugeFrom)
        {
            // Advice only: what it answers changes nothing.
            _ = Advise((nint)(Start + hugeFrom), (nuint)(byteCount - hugeFrom), AdviseHugePages);
        }
    }

    /// <summary>Keeps the memory from being freed.</summary>
    public readonly ref struct Hold
    {
        private readonly RowMemory _memory;

        public Hold(RowMemory memory)
        {
            bool held = false;
            ObjectDisposedException.ThrowIf(memory.IsGivenUp, memory);
            memory.DangerousAddRef(ref held);
            _memory = memory;
        }

        public void Dispose() => _memory.DangerousRelease();
    }

    /// <summary>At a multiple of the size of a huge page.</summary>
    public byte* Start { get; }

    /// <summary>Set first when it is disposed: a handle alone would let calls in as long as others are inside.</summary>
    public bool IsGivenUp { get; private set; }

    public override bool IsInvalid => handle == 0;

    /// <summary>Asks for a slot before it is read. Only where <see cref="Sse"/> is there.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Prefetch(byte* slot, long byteCount)
    {
        byte* end = slot + Math.Min(byteCount, BytesAheadMax);
        for (; slot < end; slot += CacheLineByteCount)
        {
            Sse.Prefetch0(slot);
        }
    }

    protected override void Dispose(bool disposing)
    {
        IsGivenUp = true;
        base.Dispose(disposing);
    }

    protected override bool ReleaseHandle()
    {
        NativeMemory.Free((void*)handle);
        return true;
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Advise(nint address, nuint byteCount, int advice);
}

/// <summary>What stands in a way of a set.</summary>
internal enum WayUse : byte
{
    /// <summary>Nothing.</summary>
    Free,

    /// <summary>A row that was not read since the last round.</summary>
    Idle,

    /// <summary>A row that was.</summary>
    Read,
}

/// <summary>Rows side by side in memory in sets of <see cref="WayCount"/>: the hash of a row's id says in which set it may stand.</summary>
/// <remarks>
/// <para>A set's head is two cache lines: what its owner keeps of it, and the ids of its rows. A slot is a sequence word, odd while it is changed, the LSN of its row, 0 for none, and the data.</para>
/// <para>It grows set by set (linear hashing: Litwin, 1980): the next set takes half of the rows of one of those before it. The memory for all is reserved at once, and taken as sets come.</para>
/// <para>Any number of readers; one writer at a time for each set. A reader that meets the writer gives up: it waits for nobody, and never sees half a row. A row that moves meanwhile may be missed.</para>
/// </remarks>
internal sealed unsafe class SetSlab : IDisposable
{
    /// <summary>Rows of a set: as many ids as fill a cache line.</summary>
    public const int WayCount = 8;

    private const int NewestChangeOffset = 0;
    private const int DoorOffset = 8;
    private const int HoldOffset = 24;
    private const int UseOffset = 56;
    private const int IdOffset = 64;
    private const int HeadByteCount = 128;
    private const int DataOffset = 16;
    private const int SetsAhead = 12;
    private const int RowsAhead = 6;

    private readonly RowMemory _memory;
    private readonly int _dataByteCount;
    private readonly long _slotByteCount;
    private readonly long _setByteCount;
    private int _setCount;

    /// <param name="setCount">At first. A power of two.</param>
    /// <param name="setCountMax">At least as many.</param>
    /// <param name="dataByteCount">Of a row. Unit: bytes.</param>
    /// <exception cref="OutOfMemoryException">There is no such piece of address space.</exception>
    public SetSlab(int setCount, int setCountMax, int dataByteCount)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(BitOperations.IsPow2(setCount), true, nameof(setCount));
        ArgumentOutOfRangeException.ThrowIfLessThan(setCountMax, setCount);
        (_setCount, SetCountMax, _dataByteCount) = (setCount, setCountMax, dataByteCount);
        _slotByteCount = SlotByteCount(dataByteCount);
        _setByteCount = SetByteCount(dataByteCount);
        _memory = new RowMemory(setCountMax * _setByteCount, hugeFrom: RowMemory.HugePageByteCount);
    }

    /// <summary>Now. Any thread.</summary>
    public int SetCount => Volatile.Read(ref _setCount);

    /// <summary>It grows so far.</summary>
    public int SetCountMax { get; }

    /// <summary>What the sets take now. Unit: bytes.</summary>
    public long ByteCount => SetCount * _setByteCount;

    /// <summary>The set whose rows the next <see cref="Split"/> shares out.</summary>
    public int NextToSplit => SetCount - (Doubled(SetCount) / 2);

    /// <summary>What one set takes. Unit: bytes.</summary>
    public static long SetByteCount(int dataByteCount) => HeadByteCount + (WayCount * SlotByteCount(dataByteCount));

    /// <summary>Copies the rows that are there, and lists the positions of the others.</summary>
    /// <param name="rowIds">Shape [n].</param>
    /// <param name="destination">Shape [n, data bytes]. What a row that is not there leaves in its place means nothing.</param>
    /// <param name="versions">Shape [n], or empty.</param>
    /// <param name="missed">Shape [n]: positions, filled from its beginning, rising.</param>
    /// <returns>How many were missed.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A shape does not fit.</exception>
    /// <exception cref="ObjectDisposedException">The slab is gone.</exception>
    public int Read(ReadOnlySpan<long> rowIds, Span<byte> destination, Span<long> versions, Span<int> missed)
    {
        missed = missed[..rowIds.Length];
        versions = versions.IsEmpty ? versions : versions[..rowIds.Length];
        ArgumentOutOfRangeException.ThrowIfLessThan(destination.Length, (long)rowIds.Length * _dataByteCount, nameof(destination));
        using var hold = new RowMemory.Hold(_memory);
        int setCount = SetCount;
        int missCount = 0;
        for (int i = 0; i < rowIds.Length; i++)
        {
            Prefetch(rowIds, i, setCount);
            if (!TryCopy(rowIds[i], setCount, destination.Slice(i * _dataByteCount, _dataByteCount), out long lsn))
            {
                missed[missCount++] = i;
            }
            else if (!versions.IsEmpty)
            {
                versions[i] = lsn;
            }
        }

        return missCount;
    }

    /// <summary>The set that a row may stand in, until the next <see cref="Split"/> of that set.</summary>
    public int SetOf(long rowId) => SetOf(rowId, SetCount);

    /// <summary>Adds a set: half of the rows of <see cref="NextToSplit"/> move there. By one thread at a time, which has both sets to itself and a <see cref="Keep"/>.</summary>
    public void Split()
    {
        int to = SetCount;
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(to, SetCountMax);
        Set source = new(this, NextToSplit);
        Set target = new(this, to);
        target.NewestChange = source.NewestChange;
        int used = 0;
        for (int way = 0; way < WayCount; way++)
        {
            if (source.Uses[way] != WayUse.Free && SetOf(source.IdAt(way), to + 1) == to)
            {
                source.Move(way, target, used++);
            }
        }

        // Who sees the set finds its rows there.
        Volatile.Write(ref _setCount, to + 1);
    }

    /// <summary>Keeps the memory for one who changes sets.</summary>
    /// <exception cref="ObjectDisposedException">The slab is gone.</exception>
    public RowMemory.Hold Keep() => new(_memory);

    /// <summary>Opens a set for its one writer, who has a <see cref="Keep"/> and keeps the set no longer than it takes to change it.</summary>
    public Set Open(int set) => new(this, set);

    /// <summary>Gives the memory back once no call is inside. Later calls fail.</summary>
    public void Dispose() => _memory.Dispose();

    private static long SlotByteCount(int dataByteCount) => (DataOffset + dataByteCount + 7) & ~7;

    /// <summary>The power of two that the number of sets grows to next.</summary>
    private static int Doubled(int setCount) => (int)BitOperations.RoundUpToPowerOf2((uint)setCount + 1);

    private static int SetOf(long rowId, int setCount)
    {
        int doubled = Doubled(setCount);
        int set = IdHash.Of(rowId) & (doubled - 1);
        return set < setCount ? set : set - (doubled / 2);
    }

    private byte* HeadOf(int set) => _memory.Start + unchecked(set * _setByteCount);

    private byte* SlotOf(int set, int way) => HeadOf(set) + HeadByteCount + unchecked(way * _slotByteCount);

    private bool TryCopy(long rowId, int setCount, Span<byte> target, out long lsn)
    {
        int set = SetOf(rowId, setCount);
        byte* head = HeadOf(set);
        lsn = 0;
        int way = WayOf(head, rowId);
        if (way < 0)
        {
            return false;
        }

        byte* slot = SlotOf(set, way);
        ulong before = Volatile.Read(ref *(ulong*)slot);
        lsn = *(long*)(slot + sizeof(ulong));
        if ((before & 1) != 0 || lsn == 0 || Volatile.Read(ref ((long*)(head + IdOffset))[way]) != rowId)
        {
            return false;
        }

        new ReadOnlySpan<byte>(slot + DataOffset, _dataByteCount).CopyTo(target);
        Volatile.ReadBarrier();
        if (*(ulong*)slot != before)
        {
            return false;
        }

        // Only the first use since the last round writes: a line that is read by all should not travel between cores.
        if (head[UseOffset + way] == (byte)WayUse.Idle)
        {
            head[UseOffset + way] = (byte)WayUse.Read;
        }

        return true;
    }

    // A free way keeps an old id, but rows go into the first free way: a row never stands behind a free way that has its id.
    private static int WayOf(byte* head, long rowId) => new ReadOnlySpan<long>(head + IdOffset, WayCount).IndexOf(rowId);

    private void Prefetch(ReadOnlySpan<long> rowIds, int i, int setCount)
    {
        if (!Sse.IsSupported)
        {
            return;
        }

        if (i + SetsAhead < rowIds.Length)
        {
            byte* head = HeadOf(SetOf(rowIds[i + SetsAhead], setCount));
            Sse.Prefetch0(head);
            Sse.Prefetch0(head + IdOffset);
        }

        if (i + RowsAhead < rowIds.Length)
        {
            int set = SetOf(rowIds[i + RowsAhead], setCount);
            int way = WayOf(HeadOf(set), rowIds[i + RowsAhead]);
            RowMemory.Prefetch(SlotOf(set, Math.Max(way, 0)), way < 0 ? 0 : _slotByteCount);
        }
    }

    /// <summary>One set in the hands of its writer.</summary>
    public readonly ref struct Set
    {
        private readonly SetSlab _slab;
        private readonly byte* _head;
        private readonly int _set;

        public Set(SetSlab slab, int set)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)set, (uint)slab.SetCountMax);
            _slab = slab;
            _set = set;
            _head = slab.HeadOf(set);
        }

        /// <summary>For the owner to keep a number in.</summary>
        public ref long NewestChange => ref *(long*)(_head + NewestChangeOffset);

        /// <summary>For the owner: a short hash for each way, and where the next goes is its own business.</summary>
        public Span<ushort> Door => new(_head + DoorOffset, WayCount);

        /// <summary>By way, for the owner: a time.</summary>
        public Span<int> Holds => new(_head + HoldOffset, WayCount);

        /// <summary>By way. Readers turn Idle into Read.</summary>
        public Span<WayUse> Uses => new(_head + UseOffset, WayCount);

        /// <summary>The row that stands in a way, or stood there last.</summary>
        public long IdAt(int way) => Ids[way];

        /// <summary>Where the row stands, or -1.</summary>
        public int Find(long rowId)
        {
            for (int way = 0; way < WayCount; way++)
            {
                if (Ids[way] == rowId && Uses[way] != WayUse.Free)
                {
                    return way;
                }
            }

            return -1;
        }

        /// <summary>Puts a row into a way, in place of what is there. The way is idle then, or free.</summary>
        /// <param name="way">In [0, <see cref="WayCount"/>).</param>
        /// <param name="rowId">In no other way.</param>
        /// <param name="lsn">Above 0; 0: nothing.</param>
        /// <param name="data">The row; not looked at when there is nothing.</param>
        public void Write(int way, long rowId, long lsn, ReadOnlySpan<byte> data)
        {
            byte* slot = Slot(way);
            ulong word = *(ulong*)slot;
            Volatile.Write(ref *(ulong*)slot, word + 1);
            Volatile.WriteBarrier();
            Ids[way] = rowId;
            *(long*)(slot + sizeof(ulong)) = lsn;
            if (lsn != 0)
            {
                data[.._slab._dataByteCount].CopyTo(new Span<byte>(slot + DataOffset, _slab._dataByteCount));
            }

            Volatile.Write(ref *(ulong*)slot, word + 2);
            Uses[way] = lsn == 0 ? WayUse.Free : WayUse.Idle;
        }

        /// <summary>Brings a row to a free way of another set, with what is kept of it.</summary>
        public void Move(int way, in Set target, int targetWay)
        {
            byte* slot = Slot(way);
            target.Write(targetWay, Ids[way], *(long*)(slot + sizeof(ulong)), new ReadOnlySpan<byte>(slot + DataOffset, _slab._dataByteCount));
            target.Holds[targetWay] = Holds[way];
            Write(way, Ids[way], 0, []);
        }

        private Span<long> Ids => new(_head + IdOffset, WayCount);

        private byte* Slot(int way)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)way, (uint)WayCount);
            return _slab.SlotOf(_set, way);
        }
    }
}
