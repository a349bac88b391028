// Invariant of every address in this file: it lies inside a row record that FASTER's epoch keeps in place while a callback runs,
// or inside a buffer that its owner pinned (or allocated pinned) for as long as the address is held. Lengths are checked before addresses are made.
using System.Buffers;
using System.Runtime.CompilerServices;
using FASTER.core;

namespace EmbedStore.Shards;

/// <summary>Copies rows out of FASTER's records for reads, and into them for the writer. One object a session; <see cref="RowCallbacks"/> hands FASTER's calls to it.</summary>
/// <remarks>
/// The sequence word in the row is a sequence lock: there is one writer, so it alone changes the word; readers copy, look at the
/// word again and start over when it moved. They wait for nothing but the copy of one row.
/// </remarks>
internal sealed unsafe class RowFunctions
{
    private readonly int _imageByteCount;
    private readonly int _copyOffset;
    private readonly int _copyByteCount;
    private readonly bool _readsErased;
    private byte* _destination;
    private RowStatus* _statuses;
    private long* _versions;

    /// <param name="imageByteCount">Header, data and state.</param>
    /// <param name="wholeImages">True for the writer: reads give whole images, those of erased rows too. False: only data of live rows.</param>
    /// <param name="dataByteCount">Data without header and state.</param>
    public RowFunctions(int imageByteCount, bool wholeImages, int dataByteCount)
    {
        _imageByteCount = imageByteCount;
        _copyOffset = wholeImages ? 0 : RowImage.DataOffset;
        _copyByteCount = wholeImages ? imageByteCount : dataByteCount;
        _readsErased = wholeImages;
    }

    /// <summary>Rows of this batch that were not <see cref="RowStatus.Found"/>.</summary>
    public int MissingCount { get; private set; }

    /// <summary>A row whose image did not check, or null.</summary>
    public long? DamagedRowId { get; private set; }

    /// <summary>Reads that had to go to the device.</summary>
    public int ColdCount { get; private set; }

    /// <summary>Reads a batch: every read is issued, and what is on the device is completed together.</summary>
    /// <remarks>Sizes and slots were checked by the caller.</remarks>
    public void ReadBatch<TContext>(TContext context, ReadOnlySpan<long> rowIds, ReadOnlySpan<int> slots, Memory<byte> destination, Memory<RowStatus> statuses, Memory<long> versions)
        where TContext : struct, IRowReads
    {
        using MemoryHandle destinationPin = destination.Pin(), statusPin = statuses.Pin(), versionPin = versions.Pin();
        _destination = (byte*)destinationPin.Pointer;
        _statuses = (RowStatus*)statusPin.Pointer;
        _versions = versions.IsEmpty ? null : (long*)versionPin.Pointer;
        (MissingCount, ColdCount, DamagedRowId) = (0, 0, null);
        try
        {
            Issue(context, rowIds, slots);
        }
        finally
        {
            _destination = null;
            _statuses = null;
            _versions = null;
        }
    }

    private void Issue<TContext>(TContext context, ReadOnlySpan<long> rowIds, ReadOnlySpan<int> slots)
        where TContext : struct, IRowReads
    {
        // Bounds what waits for the device, and how long this thread keeps FASTER from recycling pages.
        const int RowsBetweenRests = 1024;
        int pending = 0;
        for (int i = 0; i < rowIds.Length; i++)
        {
            int slot = slots.IsEmpty ? i : slots[i];
            Status status = context.Read(rowIds[i], slot);
            if (status.IsPending)
            {
                pending++;
                ColdCount++;
            }
            else if (status.NotFound && DamagedRowId is null)
            {
                Missing(slot, RowStatus.NeverWritten, 0);
            }

            if (i % RowsBetweenRests == RowsBetweenRests - 1)
            {
                context.Rest(pending > 0);
                pending = 0;
            }
        }

        if (pending > 0)
        {
            context.Rest(complete: true);
        }
    }

    /// <summary>A read that went to the device is done.</summary>
    public void Completed(int slot, bool notFound)
    {
        if (notFound && DamagedRowId is null)
        {
            Missing(slot, RowStatus.NeverWritten, 0);
        }
    }

    /// <summary>Copies a row that is in memory, where the writer may change it in place.</summary>
    public void ReadMutable(ref SpanByte value, int slot) => Copy(value.ToPointer(), slot);

    /// <summary>Copies a row that no longer changes. It may come from the device, so it is checked first.</summary>
    /// <returns>False when the image does not check.</returns>
    public bool ReadSettled(long rowId, ref SpanByte value, int slot)
    {
        if (value.Length != _imageByteCount || !RowImage.IsWhole(new ReadOnlySpan<byte>(value.ToPointer(), _imageByteCount), rowId))
        {
            DamagedRowId ??= rowId;
            return false;
        }

        Copy(value.ToPointer(), slot);
        return true;
    }

    /// <summary>Changes a row in place.</summary>
    /// <returns>False, so that a new record is made, where a live row becomes an erased one: a reader that copied half of it could then not leave its slot as it was.</returns>
    public bool WriteInPlace(ref SpanByte source, ref SpanByte target)
    {
        byte* from = source.ToPointer();
        byte* to = target.ToPointer();
        if (IsErased(from) && !IsErased(to))
        {
            return false;
        }

        ref uint sequence = ref *(uint*)(to + RowImage.SequenceOffset);
        uint odd = unchecked(sequence + 1);
        Volatile.Write(ref sequence, odd);
        Volatile.WriteBarrier();
        Unsafe.CopyBlockUnaligned(to + RowImage.LsnOffset, from + RowImage.LsnOffset, (uint)(_imageByteCount - RowImage.LsnOffset));
        Volatile.Write(ref sequence, unchecked(odd + 1));
        return true;
    }

    /// <summary>Fills a record that no reader can see yet.</summary>
    public static void WriteNew(ref SpanByte source, ref SpanByte target)
    {
        source.AsReadOnlySpan().CopyTo(target.AsSpan());
        *(uint*)(target.ToPointer() + RowImage.SequenceOffset) = 0;
    }

    private static bool IsErased(byte* image) => (*(uint*)(image + RowImage.FlagsOffset) & RowImage.ErasedFlag) != 0;

    private void Copy(byte* image, int slot)
    {
        byte* target = _destination + ((nint)slot * _copyByteCount);
        var wait = default(SpinWait);
        while (true)
        {
            uint before = Volatile.Read(ref *(uint*)(image + RowImage.SequenceOffset));
            if ((before & 1) == 0)
            {
                bool erased = IsErased(image);
                long lsn = *(long*)(image + RowImage.LsnOffset);
                if (!erased || _readsErased)
                {
                    Unsafe.CopyBlockUnaligned(target, image + _copyOffset, (uint)_copyByteCount);
                }

                Volatile.ReadBarrier();
                if (*(uint*)(image + RowImage.SequenceOffset) == before)
                {
                    Done(slot, erased, lsn);
                    return;
                }
            }

            wait.SpinOnce(sleep1Threshold: -1);
        }
    }

    private void Done(int slot, bool erased, long lsn)
    {
        if (erased)
        {
            Missing(slot, RowStatus.Erased, lsn);
            return;
        }

        _statuses[slot] = RowStatus.Found;
        if (_versions is not null)
        {
            _versions[slot] = lsn;
        }
    }

    private void Missing(int slot, RowStatus status, long lsn)
    {
        MissingCount++;
        _statuses[slot] = status;
        if (_versions is not null)
        {
            _versions[slot] = lsn;
        }
    }
}

/// <summary>Length of a row record's value, known before it is read: a cold row then costs one read of the device and not two.</summary>
internal sealed unsafe class RowLength(int imageByteCount) : IVariableLengthStruct<SpanByte>
{
    public int GetInitialLength() => sizeof(int) + imageByteCount;

    public int GetLength(ref SpanByte t) => sizeof(int) + imageByteCount;

    public void Serialize(ref SpanByte source, void* destination) => source.CopyTo((byte*)destination);

    public ref SpanByte AsRef(void* source) => ref Unsafe.AsRef<SpanByte>(source);

    public void Initialize(void* source, void* end) => *(int*)source = imageByteCount;
}

/// <summary>Memory of FASTER's pages and buffers, as spans.</summary>
internal static unsafe class PageMemory
{
    /// <summary>FASTER keeps the buffer until the transfer's callback has run.</summary>
    public static Span<byte> At(nint address, uint byteCount) => new((void*)address, (int)byteCount);
}
