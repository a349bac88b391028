namespace EmbedStore.Shards;

/// <summary>How often the live rows of a shard were used, and when last.</summary>
/// <remarks>In memory alone: after a start a row's last use is its last write, and its uses are the writes that the log still has. One thread changes which rows there are.</remarks>
internal sealed class RowUses
{
    private readonly IdTable _rows = new();

    /// <summary>Unit: bytes.</summary>
    public long ByteCount => _rows.ByteCount;

    /// <summary>What so many rows take when they came one by one. Unit: bytes.</summary>
    public static long ByteCountOf(long rowCount) => IdTable.ByteCountOf(rowCount);

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
        var coldest = new PriorityQueue<EvictionCandidate, EvictionCandidate>(Comparer<EvictionCandidate>.Create((left, right) => order.Compare(right, left)));
        EvictionCandidate last = default;
        for (IdTable.Cursor rows = _rows.Walk(); rows.Next();)
        {
            long tick = rows.Mark;
            if (coldest.Count == count && IsBehind(rows.Count, tick, last, policy, protectedFrom))
            {
                continue;
            }

            var row = new EvictionCandidate(rows.Id, rows.Count, tick, tick >= protectedFrom);
            if (coldest.Count < count)
            {
                coldest.Enqueue(row, row);
            }
            else
            {
                // Puts it in the place of the last one, unless it is the last itself.
                coldest.EnqueueDequeue(row, row);
            }

            last = coldest.Peek();
        }

        return [.. coldest.UnorderedItems.Select(static item => item.Element)];
    }

    /// <summary>True for nearly every row that goes behind the last of those that were found so far: the order's first part, in a few instructions.</summary>
    private static bool IsBehind(int uses, long tick, in EvictionCandidate last, EvictionPolicy policy, long protectedFrom) =>
        policy == EvictionPolicy.Lru || last.IsProtected ? tick > last.Tick
        : tick >= protectedFrom || uses > last.Count;
}
