using EmbedStore.Shards;

namespace EmbedStore.Serving;

/// <summary>What a table takes, by tier. Unit: bytes, all of it.</summary>
/// <param name="RowCache">Memory: rows where a read costs one copy.</param>
/// <param name="Device">Memory of a device: rows above the processor's memory.</param>
/// <param name="Index">Memory: finds rows.</param>
/// <param name="Pages">Memory: rows in the shards.</param>
/// <param name="Keys">Memory: string keys, of erased rows too.</param>
/// <param name="Vocabulary">Memory: uses of rows, and ids that are counted towards admission.</param>
/// <param name="Rows">Rows in the shards' memory and scratch, superseded copies included.</param>
/// <param name="Scratch">Disk: rows that left memory, and copies of those that are about to.</param>
/// <param name="Log">Disk.</param>
/// <param name="Snapshots">Disk.</param>
/// <remarks>Immutable.</remarks>
public readonly record struct TableBytes(long RowCache, long Device, long Index, long Pages, long Keys, long Vocabulary, long Rows, long Scratch, long Log, long Snapshots)
{
    /// <summary>All memory of the processor.</summary>
    public long Memory => RowCache + Index + Pages + Keys + Vocabulary;

    /// <summary>All disk.</summary>
    public long Disk => Scratch + Log + Snapshots;

    /// <summary>What a table's rows take here, beside its shards.</summary>
    private static long OfRowCache(Table table) => table.Resident?.ByteCount ?? table.Cached?.ByteCount ?? 0;

    /// <summary>What a table takes now. Shards that are not open count nothing.</summary>
    /// <param name="table">Under a lease.</param>
    /// <param name="snapshots">All that are kept. Unit: bytes.</param>
    public static TableBytes Of(Table table, long snapshots) => Of(table, table.Shards.Select(static slot => slot.Opened?.Statistics), snapshots);

    /// <summary>The same of shards wherever they are.</summary>
    /// <param name="table">Under a lease. Of its rows here, only those of this server count.</param>
    /// <param name="reports">Of all its shards.</param>
    /// <param name="snapshots">All that are kept. Unit: bytes.</param>
    public static TableBytes Of(Table table, IReadOnlyList<ShardReport> reports, long snapshots) => Of(table, reports.Select(static report => report.Statistics), snapshots);

    private static TableBytes Of(Table table, IEnumerable<ShardStatistics?> statistics, long snapshots)
    {
        List<ShardBytes> shards = statistics.Select(static shard => shard?.Bytes).OfType<ShardBytes>().ToList();
        return new TableBytes(
            OfRowCache(table),
            table.Tier?.ByteCount ?? 0,
            shards.Sum(static shard => shard.Index),
            shards.Sum(static shard => shard.Pages),
            shards.Sum(static shard => shard.Keys),
            shards.Sum(static shard => shard.Vocabulary),
            shards.Sum(static shard => shard.Rows),
            shards.Sum(static shard => shard.Scratch),
            shards.Sum(static shard => shard.Log),
            snapshots);
    }
}
