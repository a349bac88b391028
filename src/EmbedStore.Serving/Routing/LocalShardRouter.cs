using EmbedStore.Shards;
using EmbedStore.Tensors;

namespace EmbedStore.Serving;

/// <summary>The router of a server that owns every shard itself.</summary>
public sealed class LocalShardRouter : IShardRouter
{
    /// <inheritdoc/>
    public ValueTask<int> ReadAsync(Table table, IndexPlan plan, RowBlock block, CancellationToken cancellation)
    {
        int missing = 0;
        long firstTick = FirstTickOf(table, block);
        for (int shard = 0; shard < plan.ShardCount; shard++)
        {
            if (!plan.RowIdsOf(shard).IsEmpty)
            {
                missing += Read(table.Shards[shard], plan.RowIdsOf(shard).Span, plan.Keys, plan.PositionsOf(shard).Span, block, firstTick);
            }
        }

        return ValueTask.FromResult(missing);
    }

    internal static long FirstTickOf(Table table, RowBlock block) => block.IsUse && table.Capacity is { } capacity ? capacity.Uses.Take(block.Statuses.Length) : 0;

    /// <inheritdoc/>
    public async ValueTask<WriteReceipt[]> WriteAsync(Table table, IReadOnlyList<ShardWrite> writes, CancellationToken cancellation)
    {
        // Every shard is opened before any is written to: a shard that cannot serve refuses the whole update.
        // Side by side, because a first opening waits for the disk several times.
        Shard[] shards = await Task.WhenAll(writes.Select(write => table.Shards[write.Shard].OpenAsync().AsTask()));
        if (shards.Length == 1)
        {
            return [await shards[0].WriteAsync(writes[0].Write, cancellation)];
        }

        return await Task.WhenAll(writes.Select((write, i) => shards[i].WriteAsync(write.Write, cancellation).AsTask()));
    }

    /// <inheritdoc/>
    public ValueTask<WriterState?[]> WriterStatesAsync(Table table, string writer, CancellationToken cancellation) =>
        ValueTask.FromResult(table.Shards.Select(slot => slot.RequireReadable()?.WriterState(writer)).ToArray());

    /// <inheritdoc/>
    public ValueTask<long> NextStepAsync(Table table, CancellationToken cancellation) =>
        ValueTask.FromResult(table.NextStep(table.Shards.Max(static slot => slot.Opened?.StepNumber ?? 0)));

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<ShardReport>> ReportAsync(Table table, CancellationToken cancellation) =>
        ValueTask.FromResult<IReadOnlyList<ShardReport>>([.. table.Shards.Select(static slot => ShardReport.Of(Environment.MachineName, slot))]);

    /// <inheritdoc/>
    public ValueTask<IEnumerable<long>> LiveRowIdsAsync(Table table, CancellationToken cancellation) =>
        ValueTask.FromResult(table.Shards.SelectMany(static slot => slot.RequireReadable()?.RowIds() ?? []));

    /// <inheritdoc/>
    public ValueTask<IEnumerable<ReadOnlyMemory<byte>>> LiveKeysAsync(Table table, CancellationToken cancellation) =>
        ValueTask.FromResult(table.Shards.SelectMany(static slot => slot.RequireReadable()?.LiveKeys() ?? []));

    private static int Read(ShardSlot slot, ReadOnlySpan<long> rowIds, RowKeys? keys, ReadOnlySpan<int> positions, RowBlock block, long firstTick)
    {
        if (slot.RequireReadable() is { } shard)
        {
            return Read(shard, slot, rowIds, keys, positions, block, firstTick);
        }

        MarkNeverWritten(positions, rowIds.Length, block);
        return rowIds.Length;
    }

    /// <summary>Reads from a shard that is open.</summary>
    /// <exception cref="EmbedStoreException"><see cref="ErrorCode.ShardUnavailable"/>.</exception>
    /// <exception cref="ObjectDisposedException">It was closed in between.</exception>
    internal static int Read(Shard shard, ShardSlot slot, ReadOnlySpan<long> rowIds, RowKeys? keys, ReadOnlySpan<int> positions, RowBlock block, long firstTick)
    {
        try
        {
            return keys is null
                ? shard.Read(rowIds, positions, block.Rows, block.Statuses, block.Versions, firstTick)
                : shard.ReadByKey(rowIds, keys, positions, block.Rows, block.Statuses, block.Versions, firstTick);
        }
        catch (ShardDamagedException damage)
        {
            throw slot.Unavailable(damage.Message);
        }
    }

    private static void MarkNeverWritten(ReadOnlySpan<int> positions, int count, RowBlock block)
    {
        for (int i = 0; i < count; i++)
        {
            int slot = positions.IsEmpty ? i : positions[i];
            block.Statuses.Span[slot] = RowStatus.NeverWritten;
            if (!block.Versions.IsEmpty)
            {
                block.Versions.Span[slot] = 0;
            }
        }
    }
}
