namespace EmbedStore.Shards;

/// <summary>How often the live rows of a shard were used, and when last.</summary>
/// <remarks>In memory alone: after a start a row's last use is its last write, and its uses are the writes that the log still has. One thread changes which rows there are.</remarks>
internal sealed class RowUses
{
    private readonly IdTable _rows = new();

    /// <summary>Unit: bytes.</summary>
    public long ByteCount => _rows.ByteCount;

    /// <summary>A row was written, or loaded.</summary>
    public void Wrote(long rowId, long tick, int count) => _rows.Add(rowId, tick, count);

    /// <summary>A row was read. Any thread.</summary>
    public void Read(long rowId, long tick) => _rows.Raise(rowId, tick);

    /// <summary>A row is gone.</summary>
    public void Remove(long rowId) => _rows.Remove(rowId);

    /// <summary>The rows that go first. Any thread; looks at every row.</summary>
    /// <param name="count">How many at the most.</param>
    /// <param name="policy">What decides.</param>
    /// <param name="protectedFrom">Rows used with this tick or a later one go last.</param>
    public IReadOnlyCollection<EvictionCandidate> Coldest(int count, EvictionPolicy policy, long protectedFrom)
    {
        IComparer<EvictionCandidate> order = EvictionCandidate.OrderOf(policy);
        var coldest = new PriorityQueue<EvictionCandidate, EvictionCandidate>(count, Comparer<EvictionCandidate>.Create((left, right) => order.Compare(right, left)));
        foreach ((long rowId, long tick, int uses) in _rows.All())
        {
            var row = new EvictionCandidate(rowId, uses, tick, tick >= protectedFrom);
            if (coldest.Count < count)
            {
                coldest.Enqueue(row, row);
            }
            else if (order.Compare(row, coldest.Peek()) < 0)
            {
                coldest.EnqueueDequeue(row, row);
            }
        }

        return [.. coldest.UnorderedItems.Select(static item => item.Element)];
    }
}
