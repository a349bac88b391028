using System.Buffers;
using EmbedStore.Shards;
using EmbedStore.Tensors;

namespace EmbedStore.Serving;

/// <summary>A whole table, read run by run.</summary>
/// <remarks>
/// A table of a fixed number of rows gives every row; missing ones read as the table says, or as zeros where it says error.
/// An open one gives the rows that exist when the export begins. Each row is whole; rows that are written meanwhile are as before or as after. Not thread-safe.
/// </remarks>
public sealed class TableExport
{
    private readonly RowReader _reader;
    private readonly Table _table;
    private readonly AnswerFormat _format;
    private readonly long[]? _ids;

    internal TableExport(RowReader reader, Table table, ElementType type)
    {
        _reader = reader;
        _table = table;
        _format = new AnswerFormat(table.Rows, ColumnRange.All(table.Rows.Width), ByElement: false, type, table.Spec.Missing == MissingPolicy.Initialize);
        if (table.Shape.IsOpen)
        {
            _ids = table.Shards.SelectMany(static slot => slot.RequireReadable()?.RowIds() ?? []).Order().ToArray();
            RowIds = Tensor.Of(TensorShape.Of(_ids.Length), _ids);
        }

        Shape = RowIds is null ? table.Shape.Sizes : table.Shape.HasColumns ? TensorShape.Of(_ids!.Length, table.Shape.RowWidth) : TensorShape.Of(_ids!.Length);
    }

    /// <summary>Shape [n]: the ids of the rows, rising. Null when rows are numbered from 0.</summary>
    public Tensor? RowIds { get; }

    /// <summary>The table's shape, or [n, K].</summary>
    public TensorShape Shape { get; }

    /// <summary>Element type of the rows.</summary>
    public ElementType Type => _format.Type;

    /// <summary>Unit: bytes.</summary>
    public int RowByteCount => _format.EntryByteCount;

    /// <summary>Reads a run of rows.</summary>
    /// <param name="first">First row.</param>
    /// <param name="count">Number of rows.</param>
    /// <param name="destination"><paramref name="count"/> × <see cref="RowByteCount"/> bytes.</param>
    /// <param name="cancellation">Ends the wait for shards.</param>
    /// <exception cref="EmbedStoreException">ShardUnavailable, Starting.</exception>
    public async ValueTask ReadAsync(long first, int count, Memory<byte> destination, CancellationToken cancellation)
    {
        RowStatus[] statuses = ArrayPool<RowStatus>.Shared.Rent(count);
        long[]? numbered = _ids is null ? ArrayPool<long>.Shared.Rent(count) : null;
        try
        {
            ReadOnlyMemory<long> rowIds = numbered is null ? _ids.AsMemory((int)first, count) : Number(numbered.AsMemory(0, count), first);
            await _reader.ReadAsync(_table, _format, rowIds, default, destination, statuses.AsMemory(0, count), default, cancellation);
        }
        finally
        {
            ArrayPool<RowStatus>.Shared.Return(statuses);
            if (numbered is not null)
            {
                ArrayPool<long>.Shared.Return(numbered);
            }
        }
    }

    private static Memory<long> Number(Memory<long> rowIds, long first)
    {
        Span<long> span = rowIds.Span;
        for (int i = 0; i < span.Length; i++)
        {
            span[i] = first + i;
        }

        return rowIds;
    }
}
