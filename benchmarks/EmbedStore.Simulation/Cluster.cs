using EmbedStore.Serving;

namespace EmbedStore.Simulation;

/// <summary>Servers and shards as a cluster has them, from fixed seeds.</summary>
internal static class Cluster
{
    private const int TableSeed = 1;
    private const int WeightSeed = 2;
    private const double WeightMin = 0.5;
    private const double WeightMax = 2;

    private static readonly int[] ShardsOfTable = [1, 4, 16, 64, 256, 1024];

    /// <summary>The shards of tables of all sizes.</summary>
    public static ShardKey[] Shards(int count)
    {
        var random = new Random(TableSeed);
        var shards = new List<ShardKey>(count);
        for (long table = 1; shards.Count < count; table++)
        {
            int shardCount = Math.Min(ShardsOfTable[random.Next(ShardsOfTable.Length)], count - shards.Count);
            shards.AddRange(Enumerable.Range(0, shardCount).Select(shard => new ShardKey(table, 1, shard)));
        }

        return [.. shards];
    }

    /// <summary>Servers of one weight.</summary>
    public static PlacementServer[] Equal(int count) => [.. Enumerable.Range(0, count).Select(static number => new PlacementServer(NameOf(number)))];

    /// <summary>Servers of which the largest has four times the weight of the smallest.</summary>
    public static PlacementServer[] Unequal(int count)
    {
        var random = new Random(WeightSeed);
        return [.. Enumerable.Range(0, count).Select(number => new PlacementServer(NameOf(number), WeightMin + (random.NextDouble() * (WeightMax - WeightMin))))];
    }

    private static string NameOf(int number) => FormattableString.Invariant($"embedstore-{number}");
}
