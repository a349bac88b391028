namespace EmbedStore.Serving;

/// <summary>The rows of a table, handed out in batches to whoever asks next.</summary>
/// <remarks>Thread-safe. Holds no more ids than it hands out.</remarks>
internal sealed class Candidates : IDisposable
{
    private readonly Lock _lock = new();
    private readonly long _rowCount;
    private readonly IEnumerator<long>? _live;
    private long _next;
    private bool _isClosed;

    private Candidates(long rowCount, IEnumerator<long>? live) => (_rowCount, _live) = (rowCount, live);

    /// <summary>Every row of a fixed table; of an open one those that exist when their shard is reached.</summary>
    /// <param name="table">The table.</param>
    /// <param name="keys">Where it has keys: then rows go by their places there. Null otherwise.</param>
    /// <param name="router">Knows which rows there are.</param>
    /// <param name="cancellation">Ends the wait for shards.</param>
    public static async ValueTask<Candidates> OfAsync(Table table, TableKeys? keys, IShardRouter router, CancellationToken cancellation) =>
        keys is not null ? new(keys.Count, null)
        : new(table.Shape.RowCount, table.Shape.IsOpen ? (await router.LiveRowIdsAsync(table, cancellation)).GetEnumerator() : null);

    /// <summary>Takes the next rows.</summary>
    /// <param name="rowIds">Filled from its beginning.</param>
    /// <returns>How many; 0 at the end.</returns>
    /// <exception cref="Tensors.EmbedStoreException">ShardUnavailable, Starting.</exception>
    public int Take(Span<long> rowIds)
    {
        lock (_lock)
        {
            return _isClosed ? 0 : _live is null ? TakeNumbers(rowIds) : TakeLive(rowIds, _live);
        }
    }

    /// <summary>Hands out no more: a search that failed in one thread ends in all.</summary>
    public void Close()
    {
        lock (_lock)
        {
            _isClosed = true;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _live?.Dispose();

    private static int TakeLive(Span<long> rowIds, IEnumerator<long> live)
    {
        int count = 0;
        while (count < rowIds.Length && live.MoveNext())
        {
            rowIds[count++] = live.Current;
        }

        return count;
    }

    private int TakeNumbers(Span<long> rowIds)
    {
        int count = (int)Math.Min(rowIds.Length, _rowCount - _next);
        for (int i = 0; i < count; i++)
        {
            rowIds[i] = _next + i;
        }

        _next += count;
        return count;
    }
}
