using System.Buffers;

namespace EmbedStore.Serving;

/// <summary>Which shards of a shared table this server owned at one moment: rows of the others that are in memory here may be old.</summary>
/// <remarks>The moment lies before the memory is read: an owner believes itself only for as long as its successor waits.</remarks>
internal readonly ref struct OwnedShards
{
    private const int WordBitCount = 64;

    private readonly ReadOnlySpan<ulong> _words;
    private readonly int _shardCount;
    private readonly int _ownedCount;

    private OwnedShards(ReadOnlySpan<ulong> words, int shardCount, int ownedCount)
    {
        _words = words;
        _shardCount = shardCount;
        _ownedCount = ownedCount;
    }

    /// <summary>Not one.</summary>
    public bool IsNone => _ownedCount == 0;

    /// <summary>What <see cref="Of"/> needs.</summary>
    public static int WordCountOf(Table table) => (table.Shards.Count + WordBitCount - 1) / WordBitCount;

    /// <summary>Asks each shard.</summary>
    /// <param name="table">A shared one.</param>
    /// <param name="words">Shape [<see cref="WordCountOf"/>]: lives as long as this.</param>
    public static OwnedShards Of(Table table, Span<ulong> words)
    {
        words.Clear();
        int owned = 0;
        for (int shard = 0; shard < table.Shards.Count; shard++)
        {
            if (table.Shards[shard].IsOwner)
            {
                words[shard / WordBitCount] |= 1UL << (shard % WordBitCount);
                owned++;
            }
        }

        return new OwnedShards(words, table.Shards.Count, owned);
    }

    /// <summary>True when the row's shard is one of them.</summary>
    public bool Has(long rowId)
    {
        int shard = ShardHash.ShardOf(rowId, _shardCount);
        return (_words[shard / WordBitCount] >> (shard % WordBitCount) & 1) != 0;
    }

    /// <summary>Makes misses of the rows that were found and belong to other shards.</summary>
    /// <param name="rowIds">Shape [n].</param>
    /// <param name="misses">Of them; disposed when others come back.</param>
    public RowMisses Hide(ReadOnlySpan<long> rowIds, in RowMisses misses)
    {
        if (_ownedCount == _shardCount || misses.AreAll)
        {
            return misses;
        }

        ReadOnlySpan<int> missed = misses.Positions.Span;
        int[] all = ArrayPool<int>.Shared.Rent(Math.Max(rowIds.Length, 1));
        int count = 0;
        for (int i = 0, miss = 0; i < rowIds.Length; i++)
        {
            bool isMissed = miss < missed.Length && missed[miss] == i;
            miss += isMissed ? 1 : 0;
            all[count] = i;
            count += isMissed || !Has(rowIds[i]) ? 1 : 0;
        }

        long clock = misses.Clock;
        misses.Dispose();
        return RowMisses.Of(all, count, clock);
    }

    /// <summary>Those of the misses that belong to these shards.</summary>
    /// <param name="rowIds">Shape [n].</param>
    /// <param name="misses">Of them, not all; stays what it is.</param>
    public RowMisses Select(ReadOnlySpan<long> rowIds, in RowMisses misses)
    {
        ReadOnlySpan<int> missed = misses.Positions.Span;
        int[] own = ArrayPool<int>.Shared.Rent(Math.Max(missed.Length, 1));
        int count = 0;
        foreach (int position in missed)
        {
            own[count] = position;
            count += Has(rowIds[position]) ? 1 : 0;
        }

        return RowMisses.Of(own, count, misses.Clock);
    }
}
