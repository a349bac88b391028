using System.Diagnostics;
using EmbedStore.Serving;

namespace EmbedStore.Simulation;

/// <summary>Places the shards of a cluster, and again after each change of it.</summary>
internal static class Simulation
{
    public const int NewTableShardCount = 64;

    /// <summary>What becomes of a cluster under a scheme.</summary>
    /// <param name="changeCount">How many servers leave, each alone, and come back. A scheme has no memory, so what moves when a server leaves moves back when it comes.</param>
    public static Outcome Run(Scheme scheme, ShardKey[] shards, PlacementServer[] servers, int changeCount)
    {
        long start = Stopwatch.GetTimestamp();
        int[] positions = scheme.Place(shards, servers);
        double decision = Stopwatch.GetElapsedTime(start).TotalMicroseconds / shards.Length;
        double[] loads = Loads(positions, servers);
        string[] names = Named(positions, servers);

        // Evenly among all, so that of unequal weights there are some of each.
        double[] moved = [.. Enumerable.Range(0, changeCount).Select(i => i * servers.Length / changeCount).Select(gone =>
        {
            PlacementServer[] rest = [.. servers[..gone], .. servers[(gone + 1)..]];
            return MovedCount(names, Named(scheme.Place(shards, rest), rest)) / PartOf(servers[gone], servers, shards.Length);
        })];

        ShardKey[] more = [.. shards, .. Enumerable.Range(0, NewTableShardCount).Select(static shard => new ShardKey(long.MaxValue, 1, shard))];
        double table = (double)MovedCount(names, Named(scheme.Place(more, servers), servers)) / shards.Length;
        return new Outcome(loads.Max(), loads.Min(), moved.Max(), moved.Average(), table, decision);
    }

    private static double PartOf(PlacementServer server, PlacementServer[] servers, int shardCount) => shardCount * server.Weight / servers.Sum(static each => each.Weight);

    private static double[] Loads(int[] positions, PlacementServer[] servers)
    {
        int[] counts = new int[servers.Length];
        Array.ForEach(positions, position => counts[position]++);
        return [.. counts.Select((count, i) => count / PartOf(servers[i], servers, positions.Length))];
    }

    private static string[] Named(int[] positions, PlacementServer[] servers) => Array.ConvertAll(positions, position => servers[position].Name);

    private static int MovedCount(string[] before, string[] after) => before.Where((name, i) => name != after[i]).Count();
}
