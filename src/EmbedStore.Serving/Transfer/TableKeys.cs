using EmbedStore.Tensors;

namespace EmbedStore.Serving;

/// <summary>The keys of all rows of a table, as they were when this was made: rising, by their bytes. A row goes by its place among them.</summary>
/// <remarks>Takes 16 bytes a row; the keys themselves stay where they are. Thread-safe.</remarks>
internal sealed class TableKeys
{
    private readonly ReadOnlyMemory<ReadOnlyMemory<byte>> _keys;

    private TableKeys(ReadOnlyMemory<ReadOnlyMemory<byte>> keys)
    {
        _keys = keys;
        ByteCountMax = 1;
        foreach (ReadOnlyMemory<byte> key in keys.Span)
        {
            ByteCountMax = Math.Max(ByteCountMax, key.Length);
        }
    }

    /// <summary>Number of rows.</summary>
    public int Count => _keys.Length;

    /// <summary>Of the longest key, at least 1. Unit: bytes.</summary>
    public int ByteCountMax { get; }

    /// <summary>Looks at every row of a table with keys.</summary>
    /// <param name="table">The table.</param>
    /// <param name="router">Knows which rows there are.</param>
    /// <param name="arrays">What the list lives in.</param>
    /// <param name="cancellation">Ends the wait for shards.</param>
    /// <exception cref="EmbedStoreException">ShardUnavailable, Starting.</exception>
    public static async ValueTask<TableKeys> OfAsync(Table table, IShardRouter router, ArraySource arrays, CancellationToken cancellation)
    {
        int count = 0;
        Memory<ReadOnlyMemory<byte>> keys = arrays.Rent<ReadOnlyMemory<byte>>(checked((int)Math.Max(table.RowCount, 1)));
        foreach (ReadOnlyMemory<byte> key in await router.LiveKeysAsync(table, cancellation))
        {
            if (count == keys.Length)
            {
                // Rows came meanwhile.
                Memory<ReadOnlyMemory<byte>> more = arrays.Rent<ReadOnlyMemory<byte>>(checked(2 * count));
                keys.CopyTo(more);
                keys = more;
            }

            keys.Span[count++] = key;
        }

        keys = keys[..count];
        keys.Span.Sort(static (left, right) => left.Span.SequenceCompareTo(right.Span));
        return new TableKeys(keys);
    }

    /// <summary>A run of keys.</summary>
    public RowKeys Slice(int first, int count)
    {
        var keys = new RowKeysBuilder();
        foreach (ReadOnlyMemory<byte> key in _keys.Span.Slice(first, count))
        {
            keys.Add(key.Span);
        }

        return keys.Take();
    }

    /// <summary>Keys by their places; where there is none, at -1, an empty string.</summary>
    public RowKeys Pick(ReadOnlySpan<long> places)
    {
        var keys = new RowKeysBuilder();
        foreach (long place in places)
        {
            keys.Add(place < 0 ? [] : _keys.Span[(int)place].Span);
        }

        return keys.Take();
    }

    /// <summary>Keys by their places, copied into memory that may be used again.</summary>
    /// <param name="places">Shape [n].</param>
    /// <param name="bytes">At least n × <see cref="ByteCountMax"/>.</param>
    /// <param name="ranges">Shape [n].</param>
    public RowKeys Copy(ReadOnlySpan<long> places, Memory<byte> bytes, Memory<KeyRange> ranges)
    {
        Span<KeyRange> target = ranges.Span;
        int end = 0;
        for (int i = 0; i < target.Length; i++)
        {
            ReadOnlyMemory<byte> key = _keys.Span[(int)places[i]];
            key.CopyTo(bytes[end..]);
            target[i] = new KeyRange(end, key.Length);
            end += key.Length;
        }

        return new RowKeys(bytes[..end], ranges);
    }
}
