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

    /// <summary>What each shard, by number, knows of a writer; null where it never wrote.</summary>
    /// <exception cref="EmbedStoreException"><see cref="ErrorCode.ShardUnavailable"/> or <see cref="ErrorCode.Starting"/>: a shard that may know more does not serve.</exception>
    ValueTask<WriterState?[]> WriterStatesAsync(Table table, string writer, CancellationToken cancellation);

    /// <summary>Number of the next step of the table's optimizer: higher than every one before, also after a restart.</summary>
    /// <exception cref="EmbedStoreException">As of <see cref="WriterStatesAsync"/>.</exception>
    ValueTask<long> NextStepAsync(Table table, CancellationToken cancellation);

    /// <summary>State and sizes of each shard, by number. A shard that cannot be asked says so.</summary>
    ValueTask<IReadOnlyList<ShardReport>> ReportAsync(Table table, CancellationToken cancellation);

    /// <summary>Ids of all live rows, in no order; see <see cref="Shard.RowIds"/>.</summary>
    /// <exception cref="EmbedStoreException">As of <see cref="WriterStatesAsync"/>, also while they are listed.</exception>
    ValueTask<IEnumerable<long>> LiveRowIdsAsync(Table table, CancellationToken cancellation);

    /// <summary>Keys of all live rows, in no order.</summary>
    /// <inheritdoc cref="LiveRowIdsAsync" path="/exception"/>
    ValueTask<IEnumerable<ReadOnlyMemory<byte>>> LiveKeysAsync(Table table, CancellationToken cancellation);
}
