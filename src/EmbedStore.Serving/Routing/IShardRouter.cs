using EmbedStore.Shards;
using EmbedStore.Tensors;

namespace EmbedStore.Serving;

/// <summary>Brings reads and writes to the shards that own the rows, wherever these are.</summary>
/// <remarks>Thread-safe.</remarks>
public interface IShardRouter
{
    /// <summary>Reads every row of the plan into its slot. Where the plan has keys, these say which rows.</summary>
    /// <returns>How many rows were not found; their status says why.</returns>
    /// <exception cref="EmbedStoreException"><see cref="ErrorCode.ShardUnavailable"/> or <see cref="ErrorCode.Starting"/>; the block's content then means nothing.</exception>
    ValueTask<int> ReadAsync(Table table, IndexPlan plan, RowBlock block, CancellationToken cancellation);

    /// <summary>Writes to several shards at once.</summary>
    /// <returns>One receipt for each write, in their order. Each shard decides for itself.</returns>
    /// <exception cref="EmbedStoreException"><see cref="ErrorCode.ShardUnavailable"/> or <see cref="ErrorCode.Starting"/>: a shard could not be asked, and none was written to.</exception>
    ValueTask<WriteReceipt[]> WriteAsync(Table table, IReadOnlyList<ShardWrite> writes, CancellationToken cancellation);
}
