using System.Buffers;
using EmbedStore.Tensors;

namespace EmbedStore.Serving;

/// <summary>A batch of row ids split by shard, and the way back: for each shard its ids and the position of each in the batch.</summary>
/// <remarks>Rents its memory; dispose it once. Ids keep their order within a shard, so that of equal ids the last stays the last.</remarks>
public sealed class IndexPlan : IDisposable
{
    private readonly long[]? _rowIds;
    private readonly int[]? _positions;
    private readonly int[] _begins;
    private readonly ReadOnlyMemory<long> _all;

    private IndexPlan(ReadOnlyMemory<long> all, RowKeys? keys)
    {
        Keys = keys;
        _all = all;
        _begins = [0, all.Length];
    }

    private IndexPlan(long[] rowIds, int[] positions, int[] begins, RowKeys? keys)
    {
        Keys = keys;
        _rowIds = rowIds;
        _positions = positions;
        _begins = begins;
    }

    /// <summary>Splits what a batch misses.</summary>
    /// <param name="rowIds">Shape [n]. Must outlive the plan.</param>
    /// <param name="misses">The positions to plan for.</param>
    /// <param name="shardCount">At least 1.</param>
    /// <param name="keys">Shape [n], where the table has keys; the ids are then those that they ask for. Null otherwise.</param>
    public static IndexPlan Of(ReadOnlyMemory<long> rowIds, RowMisses misses, int shardCount, RowKeys? keys = null)
    {
        if (shardCount == 1 && misses.AreAll)
        {
            return new IndexPlan(rowIds, keys);
        }

        ReadOnlySpan<int> positions = misses.Positions.Span;
        int count = misses.AreAll ? rowIds.Length : positions.Length;
        long[] sortedIds = ArrayPool<long>.Shared.Rent(count);
        int[] sortedPositions = ArrayPool<int>.Shared.Rent(count);
        ushort[] shards = ArrayPool<ushort>.Shared.Rent(count);
        int[] begins = CountByShard(rowIds.Span, positions, shards.AsSpan(0, count), shardCount);
        Scatter(rowIds.Span, positions, shards.AsSpan(0, count), begins, sortedIds, sortedPositions);
        ArrayPool<ushort>.Shared.Return(shards);
        return new IndexPlan(sortedIds, sortedPositions, begins, keys);
    }

    /// <summary>Keys of the batch, by position; null where the table has none.</summary>
    public RowKeys? Keys { get; }

    /// <summary>Number of shards that the batch was split over.</summary>
    public int ShardCount => _begins.Length - 1;

    /// <summary>Ids of one shard. Shape [m].</summary>
    public ReadOnlyMemory<long> RowIdsOf(int shard) => _rowIds is null ? _all : _rowIds.AsMemory(_begins[shard], _begins[shard + 1] - _begins[shard]);

    /// <summary>For each id of <see cref="RowIdsOf"/> its position in the batch. Empty when it is the same position.</summary>
    public ReadOnlyMemory<int> PositionsOf(int shard) => _positions is null ? default : _positions.AsMemory(_begins[shard], _begins[shard + 1] - _begins[shard]);

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_rowIds is not null)
        {
            ArrayPool<long>.Shared.Return(_rowIds);
            ArrayPool<int>.Shared.Return(_positions!);
        }
    }

    /// <summary>First pass of a counting sort: the shard of each id, and where each shard's ids begin.</summary>
    private static int[] CountByShard(ReadOnlySpan<long> rowIds, ReadOnlySpan<int> positions, Span<ushort> shards, int shardCount)
    {
        var begins = new int[shardCount + 1];
        for (int i = 0; i < shards.Length; i++)
        {
            int shard = ShardHash.ShardOf(rowIds[positions.IsEmpty ? i : positions[i]], shardCount);
            shards[i] = (ushort)shard;
            begins[shard + 1]++;
        }

        for (int shard = 0; shard < shardCount; shard++)
        {
            begins[shard + 1] += begins[shard];
        }

        return begins;
    }

    /// <summary>Second pass: each id to the next place of its shard.</summary>
    private static void Scatter(
        ReadOnlySpan<long> rowIds, ReadOnlySpan<int> positions, ReadOnlySpan<ushort> shards, ReadOnlySpan<int> begins, Span<long> sortedIds, Span<int> sortedPositions)
    {
        int[] next = begins.ToArray();
        for (int i = 0; i < shards.Length; i++)
        {
            int position = positions.IsEmpty ? i : positions[i];
            int place = next[shards[i]]++;
            sortedIds[place] = rowIds[position];
            sortedPositions[place] = position;
        }
    }
}
