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
    private readonly bool _wholeImages;
    private ReadRules _rules;
    private byte* _destination;
    private RowStatus* _statuses;
    private long* _versions;

    /// <param name="imageByteCount">Header, data and state.</param>
    /// <param name="wholeImages">True for the writer: reads give whole images, of rows that are gone their header. False: only data of live rows.</param>
    /// <param name="dataByteCount">Data without header and state.</param>
    public RowFunctions(int imageByteCount, bool wholeImages, int dataByteCount)
    {
        _imageByteCount = imageByteCount;
        _copyOffset = wholeImages ? 0 : RowImage.DataOffset;
        _copyByteCount = wholeImages ? imageByteCount : dataByteCount;
        _wholeImages = wholeImages;
    }

    /// <summary>Rows of this batch that were not <see cref="RowStatus.Found"/>.</summary>
    public int MissingCount { get; private set; }

    /// <summary>A row whose image did not check, or null.</summary>
    public long? DamagedRowId { get; private set; }

    /// <summary>Reads that had to go to the device.</summary>
    public int ColdCount { get; private set; }

    /// <summary>Reads a batch: every read is issued, and what is on the device is completed together.</summary>
    /// <remarks>Sizes and slots were checked by the caller.</remarks>
    public void ReadBatch<TContext>(
        TContext context, ReadOnlySpan<long> rowIds, ReadOnlySpan<int> slots, in ReadRules rules, Memory<byte> destination, Memory<RowStatus> statuses, Memory<long> versions)
        where TContext : struct, IRowReads
    {
        _rules = rules;
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
    public void ReadMutable(ref SpanByte value, int slot) => Copy(value.ToPointer(), value.Length, slot);

    /// <summary>Copies a row that no longer changes. It may come from the device, so it is checked first.</summary>
    /// <returns>False when the image does not check.</returns>
    public bool ReadSettled(long rowId, ref SpanByte value, int slot)
    {
        if ((value.Length != _imageByteCount && value.Length != RowImage.DataOffset) || !IsWhole(new ReadOnlySpan<byte>(value.ToPointer(), value.Length), rowId))
        {
            DamagedRowId ??= rowId;
            return false;
        }

        Copy(value.ToPointer(), value.Length, slot);
        return true;
    }

    /// <summary>Changes a row in place.</summary>
    /// <returns>
    /// False, so that a new record is made, where a live row becomes one that is gone, or the other way: their images differ in length. And a reader that copied half of
    /// a live row could not leave its slot as it was.
    /// </returns>
    public static bool WriteInPlace(ref SpanByte source, ref SpanByte target)
    {
        if (source.Length != target.Length)
        {
            return false;
        }

        byte* from = source.ToPointer();
        byte* to = target.ToPointer();
        ref uint sequence = ref *(uint*)(to + RowImage.SequenceOffset);
        uint odd = unchecked(sequence + 1);
        Volatile.Write(ref sequence, odd);
        Volatile.WriteBarrier();
        Unsafe.CopyBlockUnaligned(to + RowImage.LsnOffset, from + RowImage.LsnOffset, (uint)(source.Length - RowImage.LsnOffset));
        Volatile.Write(ref sequence, unchecked(odd + 1));
        return true;
    }

    /// <summary>Fills a record that no reader can see yet.</summary>
    public static void WriteNew(ref SpanByte source, ref SpanByte target)
    {
        source.AsReadOnlySpan().CopyTo(target.AsSpan());
        *(uint*)(target.ToPointer() + RowImage.SequenceOffset) = 0;
    }

    private bool IsWhole(ReadOnlySpan<byte> image, long rowId) =>
        RowImage.IsWhole(image, rowId) && RowImage.IsGone(image) == (image.Length < _imageByteCount);

    /// <param name="image">In place.</param>
    /// <param name="imageByteCount">Of a live row or of one that is gone: a record never changes from one to the other.</param>
    /// <param name="slot">Where it goes.</param>
    private void Copy(byte* image, int imageByteCount, int slot)
    {
        byte* target = _destination + ((nint)slot * _copyByteCount);
        var wait = default(SpinWait);
        while (true)
        {
            uint before = Volatile.Read(ref *(uint*)(image + RowImage.SequenceOffset));
            if ((before & 1) == 0)
            {
                long lsn = *(long*)(image + RowImage.LsnOffset);
                RowStatus status = StatusOf(image, lsn);
                if (status == RowStatus.Found || _wholeImages)
                {
                    Unsafe.CopyBlockUnaligned(target, image + _copyOffset, (uint)(_wholeImages ? imageByteCount : _copyByteCount));
                }

                Volatile.ReadBarrier();
                if (*(uint*)(image + RowImage.SequenceOffset) == before)
                {
                    Done(slot, status, lsn);
                    return;
                }
            }

            wait.SpinOnce(sleep1Threshold: -1);
        }
    }

    private RowStatus StatusOf(byte* image, long lsn)
    {
        RowStatus status = RowImage.StatusOf(*(uint*)(image + RowImage.FlagsOffset));
        return status == RowStatus.Found
            ? *(long*)(image + RowImage.WrittenAtOffset) < _rules.ExpiredBefore ? RowStatus.Expired : RowStatus.Found
            : lsn <= _rules.ForgottenTo ? RowStatus.NeverWritten : status;
    }

    private void Done(int slot, RowStatus status, long lsn)
    {
        if (status != RowStatus.Found)
        {
            Missing(slot, status, status == RowStatus.NeverWritten ? 0 : lsn);
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

/// <summary>What a read of a row goes by beside the row itself.</summary>
/// <param name="ExpiredBefore">A live row that was written before this has expired. Unit: Unix milliseconds.</param>
/// <param name="ForgottenTo">Why a row is gone is not known any more, if it went with this LSN or before.</param>
internal readonly record struct ReadRules(long ExpiredBefore, long ForgottenTo)
{
    /// <summary>The row as it is stored.</summary>
    public static readonly ReadRules None = new(long.MinValue, 0);
}

/// <summary>Length of a row record's value. That of a live row is expected before it is read: a cold row then costs one read of the device and not two.</summary>
internal sealed unsafe class RowLength(int imageByteCount) : IVariableLengthStruct<SpanByte>
{
    public int GetInitialLength() => sizeof(int) + imageByteCount;

    public int GetLength(ref SpanByte t) => sizeof(int) + t.Length;

    public void Serialize(ref SpanByte source, void* destination) => source.CopyTo((byte*)destination);

    public ref SpanByte AsRef(void* source) => ref Unsafe.AsRef<SpanByte>(source);

    public void Initialize(void* source, void* end) => *(int*)source = (int)((byte*)end - (byte*)source) - sizeof(int);
}

/// <summary>Memory of FASTER's pages and buffers, as spans.</summary>
internal static unsafe class PageMemory
{
    /// <summary>FASTER keeps the buffer until the transfer's callback has run.</summary>
    public static Span<byte> At(nint address, uint byteCount) => new((void*)address, (int)byteCount);
}
