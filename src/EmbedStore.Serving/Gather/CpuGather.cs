using System.Buffers;
using System.Runtime.InteropServices;
using EmbedStore.Shards;
using EmbedStore.Tensors;

namespace EmbedStore.Serving;

/// <summary>The gather on the processor.</summary>
public sealed class CpuGather : IGather
{
    /// <inheritdoc/>
    public void Expand(in AnswerFormat format, in GatherBatch batch, Span<byte> destination)
    {
        RowFormat rows = format.Rows;
        bool isWhole = batch.MissingCount == 0 && !format.ByElement && format.Columns.IsAll(rows.Width);
        if (isWhole && !rows.ScaledByRow)
        {
            ElementConverter.Convert(batch.Rows, rows.ValueType, destination, format.Type);
            return;
        }

        if (isWhole && format.Type == ElementType.F32)
        {
            DecodeAll(rows, batch.Rows, MemoryMarshal.Cast<byte, float>(destination));
            return;
        }

        byte[] buffer = ArrayPool<byte>.Shared.Rent(2 * rows.ValueByteCount);
        Span<byte> decoded = buffer.AsSpan(0, rows.ValueByteCount);
        Span<byte> picked = buffer.AsSpan(rows.ValueByteCount, format.Columns.Count * rows.ValueType.ByteCount());
        for (int i = 0; i < batch.RowIds.Length; i++)
        {
            ReadOnlySpan<byte> row = Decode(format, batch, i, decoded);
            ColumnRange columns = format.ByElement ? new ColumnRange(batch.ElementColumns[i], 1, 1) : format.Columns;
            ReadOnlySpan<byte> elements = Pick(row, columns, rows.ValueType.ByteCount(), picked);
            ElementConverter.Convert(elements, rows.ValueType, destination.Slice(i * format.EntryByteCount, format.EntryByteCount), format.Type);
        }

        ArrayPool<byte>.Shared.Return(buffer);
    }

    /// <inheritdoc/>
    public void FillMissing(in AnswerFormat format, ReadOnlySpan<long> rowIds, ReadOnlySpan<RowStatus> statuses, Span<byte> destination)
    {
        int rowByteCount = format.Rows.ValueByteCount;
        for (int i = 0; i < rowIds.Length; i++)
        {
            if (statuses[i] != RowStatus.Found)
            {
                FillDefault(format, rowIds[i], destination.Slice(i * rowByteCount, rowByteCount));
            }
        }
    }

    private static void DecodeAll(RowFormat rows, ReadOnlySpan<byte> stored, Span<float> values)
    {
        for (int i = 0; i < values.Length / rows.Width; i++)
        {
            ScaledRow.Decode(stored.Slice(i * rows.DataByteCount, rows.DataByteCount), values.Slice(i * rows.Width, rows.Width));
        }
    }

    /// <summary>Row <paramref name="i"/> in <see cref="RowFormat.ValueType"/>: where it lies, or decoded to <paramref name="buffer"/>.</summary>
    private static ReadOnlySpan<byte> Decode(in AnswerFormat format, in GatherBatch batch, int i, Span<byte> buffer)
    {
        if (batch.Statuses[i] != RowStatus.Found)
        {
            FillDefault(format, batch.RowIds[i], buffer);
            return buffer;
        }

        ReadOnlySpan<byte> stored = batch.Rows.Slice(i * format.Rows.DataByteCount, format.Rows.DataByteCount);
        if (!format.Rows.ScaledByRow)
        {
            return stored;
        }

        ScaledRow.Decode(stored, MemoryMarshal.Cast<byte, float>(buffer));
        return buffer;
    }

    private static void FillDefault(in AnswerFormat format, long rowId, Span<byte> row)
    {
        if (format.FillMissing)
        {
            format.Rows.FillInitial(rowId, row);
        }
        else
        {
            row.Clear();
        }
    }

    private static ReadOnlySpan<byte> Pick(ReadOnlySpan<byte> row, ColumnRange columns, int elementByteCount, Span<byte> buffer)
    {
        if (columns.Step == 1 || columns.Count <= 1)
        {
            return row.Slice(columns.Start * elementByteCount, columns.Count * elementByteCount);
        }

        for (int i = 0; i < columns.Count; i++)
        {
            int column = columns.Start + (i * columns.Step);
            row.Slice(column * elementByteCount, elementByteCount).CopyTo(buffer[(i * elementByteCount)..]);
        }

        return buffer;
    }
}
