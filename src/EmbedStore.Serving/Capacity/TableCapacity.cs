using EmbedStore.Shards;

namespace EmbedStore.Serving;

/// <summary>How many rows a table may have, and which make room: exact over all its shards.</summary>
/// <remarks>
/// <para>Uses have one order over all shards (<see cref="Uses"/>). Whoever wrote takes the turn before it is acknowledged, and evicts until there are no more rows than allowed.</para>
/// <para>Thread-safe.</para>
/// </remarks>
internal sealed class TableCapacity(CapacitySpec spec) : IDisposable
{
    /// <summary>Rows that are chosen at a time: more take further rounds.</summary>
    private const int RowsPerRound = 1 << 18;

    private readonly SemaphoreSlim _turn = new(1);

    /// <summary>Puts reads and writes of the table's rows in order.</summary>
    public UseClock Uses { get; } = new();

    /// <summary>True when the table has more rows than it may have.</summary>
    public bool IsExceeded(Table table) => table.RowCount > spec.Rows;

    /// <summary>Waits for the turn to evict. Dispose what it gives.</summary>
    public async ValueTask<Turn> TakeTurnAsync(CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        return new Turn(_turn);
    }

    /// <summary>Writes that bring the table to its capacity, as far as one round goes; none when it is there.</summary>
    /// <param name="table">The table.</param>
    /// <param name="protectedFrom">Tick from which on rows go last: of the update that asks.</param>
    /// <remarks>A row that is changed before its write commits stays, and the next round finds another.</remarks>
    public IReadOnlyList<ShardWrite> Round(Table table, long protectedFrom)
    {
        long excess = table.RowCount - spec.Rows;
        if (excess <= 0)
        {
            return [];
        }

        int count = (int)Math.Min(excess, RowsPerRound);
        int slack = (int)Math.Min(spec.Slack, RowsPerRound);
        var found = new List<(EvictionCandidate Row, int Shard)>();
        long[] versions = new long[table.Shards.Count];
        for (int number = 0; number < versions.Length; number++)
        {
            if (table.Shards[number].Opened is { AcceptsWrites: true } shard)
            {
                // Before the rows are looked at: one that changes from here on stays.
                versions[number] = shard.Version;
                found.AddRange(shard.Coldest(count + slack, spec.Evict, protectedFrom).Select(row => (row, number)));
            }
        }

        return WritesOf(table, Choose(found, count, slack), versions);
    }

    /// <inheritdoc/>
    public void Dispose() => _turn.Dispose();

    /// <summary>Those that must go, and of the others as many as slack says.</summary>
    private IEnumerable<(EvictionCandidate Row, int Shard)> Choose(List<(EvictionCandidate Row, int Shard)> found, int count, int slack)
    {
        IComparer<EvictionCandidate> order = EvictionCandidate.OrderOf(spec.Evict);
        found.Sort((left, right) => order.Compare(left.Row, right.Row));
        return found.Take(count + slack).Where((candidate, i) => i < count || !candidate.Row.IsProtected);
    }

    private static List<ShardWrite> WritesOf(Table table, IEnumerable<(EvictionCandidate Row, int Shard)> chosen, long[] versions)
    {
        long versionMin = table.Version + 1;
        return [.. chosen.GroupBy(static candidate => candidate.Shard, static candidate => candidate.Row.RowId).Select(rows => new ShardWrite(rows.Key, new RowWrite
        {
            Kind = RowWriteKind.Evict,
            RowIds = rows.ToArray(),
            Bound = versions[rows.Key],
            VersionMin = versionMin,
        }))];
    }

    /// <summary>The right to evict, until disposed.</summary>
    internal readonly struct Turn(SemaphoreSlim turn) : IDisposable
    {
        public void Dispose() => turn.Release();
    }
}
