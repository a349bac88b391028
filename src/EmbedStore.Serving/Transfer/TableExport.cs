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
    private readonly TableKeys? _keys;

    private TableExport(RowReader reader, Table table, ElementType type, long[]? ids, TableKeys? keys)
    {
        _reader = reader;
        _table = table;
        _format = AnswerFormat.OfRows(table.Rows, type, table.Spec.Missing);
        (_ids, _keys) = (ids, keys);
        RowIds = ids is null ? null : Tensor.Of(TensorShape.Of(ids.Length), ids);
        long? rowCount = _ids?.Length ?? _keys?.Count;
        Shape = rowCount is not { } n ? table.Shape.Sizes : table.Shape.HasColumns ? TensorShape.Of(n, table.Shape.RowWidth) : TensorShape.Of(n);
    }

    /// <exception cref="EmbedStoreException">ShardUnavailable, Starting.</exception>
    internal static async ValueTask<TableExport> BeginAsync(RowReader reader, Table table, ElementType type, CancellationToken cancellation)
    {
        TableKeys? keys = table.Shape.HasKeys ? await TableKeys.OfAsync(table, reader.Router, ArraySource.Heap, cancellation) : null;
        long[]? ids = table.Shape.IsOpen && keys is null ? (await reader.Router.LiveRowIdsAsync(table, cancellation)).Order().ToArray() : null;
        return new TableExport(reader, table, type, ids, keys);
    }

    /// <summary>Shape [n]: the ids of the rows, rising. Null when rows are numbered from 0, or have keys.</summary>
    public Tensor? RowIds { get; }

    /// <summary>True when rows have keys: these rise, by their bytes, and <see cref="CopyKeys"/> gives them.</summary>
    public bool HasKeys => _keys is not null;

    /// <summary>Of the longest key, at least 1. Unit: bytes.</summary>
    public int KeyByteCountMax => _keys?.ByteCountMax ?? 0;

    /// <summary>The table's shape, or [n, K].</summary>
    public TensorShape Shape { get; }

    /// <summary>Element type of the rows.</summary>
    public ElementType Type => _format.Type;

    /// <summary>Unit: bytes.</summary>
    public int RowByteCount => _format.EntryByteCount;

    /// <inheritdoc cref="Lookup.RunByteCount"/>
    public int RunByteCount => _table.RunByteCount;

    /// <summary>Reads a run of rows.</summary>
    /// <param name="first">First row.</param>
    /// <param name="count">Number of rows.</param>
    /// <param name="destination"><paramref name="count"/> × <see cref="RowByteCount"/> bytes.</param>
    /// <param name="cancellation">Ends the wait for shards.</param>
    /// <exception cref="EmbedStoreException">ShardUnavailable, Starting.</exception>
    public async ValueTask ReadAsync(long first, int count, Memory<byte> destination, CancellationToken cancellation)
    {
        RowStatus[] statuses = ArrayPool<RowStatus>.Shared.Rent(count);
        try
        {
            await _reader.ReadAsync(_table, _format, new EntryRun(Rows(first, count), destination, statuses.AsMemory(0, count)), cancellation);
        }
        finally
        {
            ArrayPool<RowStatus>.Shared.Return(statuses);
        }
    }

    /// <summary>Writes a run of keys, each filled up with zeros to <see cref="KeyByteCountMax"/> bytes.</summary>
    /// <param name="first">First row.</param>
    /// <param name="destination">Whole keys.</param>
    public void CopyKeys(long first, Span<byte> destination)
    {
        int count = destination.Length / KeyByteCountMax;
        _keys!.Slice((int)first, count).CopyPadded(0, destination, KeyByteCountMax);
    }

    private RowList Rows(long first, int count) =>
        _keys is not null ? RowList.Of(_keys.Slice((int)first, count))
        : _ids is not null ? new RowList(_ids.AsMemory((int)first, count), null)
        : new RowList(Number(first, count), null);

    private static long[] Number(long first, int count)
    {
        var rowIds = new long[count];
        for (int i = 0; i < count; i++)
        {
            rowIds[i] = first + i;
        }

        return rowIds;
    }
}
