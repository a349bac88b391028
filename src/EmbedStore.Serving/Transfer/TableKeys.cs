using EmbedStore.Tensors;

namespace EmbedStore.Serving;

/// <summary>The keys of all rows of a table, as they were when this was made: rising, by their bytes. A row goes by its place among them.</summary>
/// <remarks>Takes 16 bytes a row; the keys themselves stay where they are. Thread-safe.</remarks>
internal sealed class TableKeys
{
    private readonly ReadOnlyMemory<byte>[] _keys;

    private TableKeys(ReadOnlyMemory<byte>[] keys)
    {
        _keys = keys;
        ByteCountMax = keys.Length == 0 ? 1 : keys.Max(static key => key.Length);
    }

    /// <summary>Number of rows.</summary>
    public int Count => _keys.Length;

    /// <summary>Of the longest key, at least 1. Unit: bytes.</summary>
    public int ByteCountMax { get; }

    /// <summary>Looks at every row of a table with keys.</summary>
    /// <exception cref="EmbedStoreException">ShardUnavailable, Starting.</exception>
    public static async ValueTask<TableKeys> OfAsync(Table table, IShardRouter router, CancellationToken cancellation)
    {
        ReadOnlyMemory<byte>[] keys = (await router.LiveKeysAsync(table, cancellation)).ToArray();
        Array.Sort(keys, static (left, right) => left.Span.SequenceCompareTo(right.Span));
        return new TableKeys(keys);
    }

    /// <summary>A run of keys.</summary>
    public RowKeys Slice(int first, int count)
    {
        var keys = new RowKeysBuilder();
        foreach (ReadOnlyMemory<byte> key in _keys.AsSpan(first, count))
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
            keys.Add(place < 0 ? [] : _keys[place].Span);
        }

        return keys.Take();
    }
}
