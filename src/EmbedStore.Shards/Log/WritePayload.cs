using System.Buffers.Binary;
using System.Runtime.InteropServices;
using EmbedStore.Tensors;

namespace EmbedStore.Shards;

/// <summary>A write as it stands in a log record: the operation, not the rows it leads to. Live writes are applied from these bytes too.</summary>
internal static class WritePayload
{
    private const int HeadByteCount = 48;

    /// <summary>Unit: bytes, a multiple of 8.</summary>
    public static long ByteCount(RowWrite write) =>
        LogFormat.Padded(HeadByteCount + LogFormat.Padded((write.Writer?.Parts.Count ?? 0) * sizeof(ushort)) + ((long)write.RowIds.Length * sizeof(long)) + ((long)write.ColumnOf.Length * sizeof(int)) + 4 + KeyPart.ByteCount(write) + write.Values.Length);

    /// <summary>What one more row takes of a write that assigns whole rows. Unit: bytes.</summary>
    public static long ByteCountPerRow(RowFormat format) => sizeof(long) + format.ValueByteCount;

    /// <param name="write">Checked.</param>
    /// <param name="rowIds">Shape [n]: the rows that are written to. Without keys, those of the write.</param>
    /// <param name="target">Exactly <see cref="ByteCount"/> bytes.</param>
    public static void Write(RowWrite write, ReadOnlySpan<long> rowIds, Span<byte> target)
    {
        BinaryPrimitives.WriteInt32LittleEndian(target, (int)write.Kind);
        BinaryPrimitives.WriteInt32LittleEndian(target[4..], write.RowIds.Length);
        BinaryPrimitives.WriteInt32LittleEndian(target[8..], write.Columns.Start);
        BinaryPrimitives.WriteInt32LittleEndian(target[12..], write.CountPerEntry);
        BinaryPrimitives.WriteInt32LittleEndian(target[16..], write.Columns.Step);
        BinaryPrimitives.WriteInt32LittleEndian(target[20..], write.ColumnOf.IsEmpty ? 0 : 1);
        WriteRateOrBound(write, target[24..]);
        BinaryPrimitives.WriteInt64LittleEndian(target[32..], write.Step.Number);
        IReadOnlyList<ushort> parts = write.Writer?.Parts ?? [];
        BinaryPrimitives.WriteInt32LittleEndian(target[40..], parts.Count);
        BinaryPrimitives.WriteInt32LittleEndian(target[44..], (int)KeyPart.ByteCount(write));
        target = target[HeadByteCount..];
        for (int i = 0; i < parts.Count; i++)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(target[(i * sizeof(ushort))..], parts[i]);
        }

        target = target[LogFormat.Padded(parts.Count * sizeof(ushort))..];
        MemoryMarshal.AsBytes(rowIds).CopyTo(target);
        target = target[(rowIds.Length * sizeof(long))..];
        target = CopyPadded(MemoryMarshal.AsBytes(write.ColumnOf.Span), target);
        target = KeyPart.Write(write, rowIds, target);
        write.Values.Span.CopyTo(target);
        target[write.Values.Length..].Clear();
    }

    /// <summary>One place for both: no kind of write has a rate and a bound.</summary>
    private static void WriteRateOrBound(RowWrite write, Span<byte> target)
    {
        if (write.Kind == RowWriteKind.Apply)
        {
            BinaryPrimitives.WriteDoubleLittleEndian(target, write.Step.Rate);
        }
        else
        {
            BinaryPrimitives.WriteInt64LittleEndian(target, write.Bound);
        }
    }

    /// <returns>The rest of <paramref name="target"/>.</returns>
    private static Span<byte> CopyPadded(ReadOnlySpan<byte> source, Span<byte> target)
    {
        source.CopyTo(target);
        int padded = LogFormat.Padded(source.Length);
        target[source.Length..padded].Clear();
        return target[padded..];
    }

    /// <returns>False when the payload does not fit itself or the format; its checksum was right, so nothing that this code wrote does that.</returns>
    public static bool TryRead(ReadOnlySpan<byte> payload, RowFormat format, out RowChange change)
    {
        change = default;
        if (payload.Length < HeadByteCount)
        {
            return false;
        }

        var kind = (RowWriteKind)BinaryPrimitives.ReadInt32LittleEndian(payload);
        int entryCount = BinaryPrimitives.ReadInt32LittleEndian(payload[4..]);
        var columns = new ColumnRange(BinaryPrimitives.ReadInt32LittleEndian(payload[8..]), BinaryPrimitives.ReadInt32LittleEndian(payload[12..]), BinaryPrimitives.ReadInt32LittleEndian(payload[16..]));
        bool ownColumns = BinaryPrimitives.ReadInt32LittleEndian(payload[20..]) != 0;
        bool isStep = kind == RowWriteKind.Apply;
        var step = new OptimizerStep(isStep ? BinaryPrimitives.ReadDoubleLittleEndian(payload[24..]) : 0, BinaryPrimitives.ReadInt64LittleEndian(payload[32..]));
        long bound = isStep ? 0 : BinaryPrimitives.ReadInt64LittleEndian(payload[24..]);
        int partCount = BinaryPrimitives.ReadInt32LittleEndian(payload[40..]);

        // Before there were keys, nothing was written here.
        long keyByteCount = format.Keyed ? BinaryPrimitives.ReadInt32LittleEndian(payload[44..]) : 0;
        payload = payload[HeadByteCount..];
        if (partCount < 0 || partCount > ushort.MaxValue || LogFormat.Padded(partCount * sizeof(ushort)) > payload.Length)
        {
            return false;
        }

        ReadOnlySpan<ushort> parts = MemoryMarshal.Cast<byte, ushort>(payload[..(partCount * sizeof(ushort))]);
        payload = payload[LogFormat.Padded(partCount * sizeof(ushort))..];
        long idBytes = (long)entryCount * sizeof(long);
        long columnBytes = ownColumns ? LogFormat.Padded((long)entryCount * sizeof(int)) : 0;
        long valueBytes = (long)entryCount * columns.Count * RowWrite.ValueTypeOf(kind, format).ByteCount();
        if (!Enum.IsDefined(kind) || (isStep && format.Optimizer is null) || entryCount < 0 || columns.Count < 0 || keyByteCount < 0 || idBytes + columnBytes + keyByteCount + valueBytes > payload.Length)
        {
            return false;
        }

        if (!KeyPart.TryRead(payload.Slice((int)(idBytes + columnBytes), (int)keyByteCount), entryCount, out ReadOnlySpan<uint> keyHeads, out ReadOnlySpan<byte> keyBytes))
        {
            return false;
        }

        change = new RowChange
        {
            Kind = kind,
            RowIds = MemoryMarshal.Cast<byte, long>(payload[..(int)idBytes]),
            Columns = columns,
            ColumnOf = ownColumns ? MemoryMarshal.Cast<byte, int>(payload.Slice((int)idBytes, entryCount * sizeof(int))) : [],
            Step = step,
            Bound = bound,
            Parts = parts,
            KeyHeads = keyHeads,
            KeyBytes = keyBytes,
            Values = payload.Slice((int)(idBytes + columnBytes + keyByteCount), (int)valueBytes),
        };
        return true;
    }
}

/// <summary>A write as the row store applies it, in a log record's bytes.</summary>
internal readonly ref struct RowChange
{
    public required RowWriteKind Kind { get; init; }

    public required ReadOnlySpan<long> RowIds { get; init; }

    /// <summary>Shape [n], or empty: see <see cref="KeyPart"/>.</summary>
    public required ReadOnlySpan<uint> KeyHeads { get; init; }

    /// <summary>All keys, one behind the other.</summary>
    public required ReadOnlySpan<byte> KeyBytes { get; init; }

    /// <summary>Its count holds with own columns too; it is 0 for kinds that take no values.</summary>
    public required ColumnRange Columns { get; init; }

    public required ReadOnlySpan<int> ColumnOf { get; init; }

    public required ReadOnlySpan<byte> Values { get; init; }

    public required OptimizerStep Step { get; init; }

    /// <inheritdoc cref="RowWrite.Bound"/>
    public required long Bound { get; init; }

    /// <summary>Of <see cref="WriterStamp"/>.</summary>
    public required ReadOnlySpan<ushort> Parts { get; init; }

    /// <summary>The id that decides what a row starts from: that which its key asked for. So it reads the same before it is written and after.</summary>
    public long InitialIdOf(int entry) => KeyHeads.IsEmpty ? RowIds[entry] : unchecked(RowIds[entry] - KeyPart.DisplacementOf(KeyHeads[entry]));
}
