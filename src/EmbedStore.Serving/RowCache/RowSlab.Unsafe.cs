// Invariant of every address in this file: it lies in the block of RowMemory, which is freed only when no Hold is left, inside the slot of a row
// whose id was compared with the number of rows. Copies between a slot and a caller's span take exactly _dataByteCount bytes, and the span was sliced to that length.
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

    /// <summary>Bytes of a row that are asked for ahead; the processor sees by itself how a longer one goes on.</summary>
    private const int BytesAheadMax = 512;

    private const int CacheLineByteCount = 64;

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
        using var hold = new Hold(_memory);
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
        using var hold = new Hold(_memory);
        ulong word = Copy(SlotOf(rowId), data[.._dataByteCount]);
        lsn = LsnOf(word);
        return StatusOf(word);
    }

    /// <summary>One row, as <see cref="IRowMirror.Write"/>.</summary>
    public void Write(long rowId, long lsn, ReadOnlySpan<byte> data)
    {
        using var hold = new Hold(_memory);
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
            byte* slot = _memory.Start + unchecked(rowId * _slotByteCount);
            byte* end = slot + Math.Min(_slotByteCount, BytesAheadMax);
            for (; slot < end; slot += CacheLineByteCount)
            {
                Sse.Prefetch0(slot);
            }
        }
    }

    /// <summary>Keeps the memory from being freed.</summary>
    private readonly ref struct Hold
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
}

/// <summary>A zeroed block of memory outside the collected heap. The system gives its pages when they are first written.</summary>
internal sealed unsafe partial class RowMemory : SafeHandle
{
    private const long HugePageByteCount = 2 << 20;
    private const int AdviseHugePages = 14;

    public RowMemory(long byteCount)
        : base(0, ownsHandle: true)
    {
        SetHandle((nint)NativeMemory.AllocZeroed((nuint)(byteCount + HugePageByteCount)));
        Start = (byte*)((handle + (nint)HugePageByteCount - 1) & ~((nint)HugePageByteCount - 1));
        if (OperatingSystem.IsLinux())
        {
            // Advice only: what it answers changes nothing.
            _ = Advise((nint)Start, (nuint)byteCount, AdviseHugePages);
        }
    }

    /// <summary>At a multiple of the size of a huge page.</summary>
    public byte* Start { get; }

    /// <summary>Set first when it is disposed: a handle alone would let calls in as long as others are inside.</summary>
    public bool IsGivenUp { get; private set; }

    public override bool IsInvalid => handle == 0;

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
