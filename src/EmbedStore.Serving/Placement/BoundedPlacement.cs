namespace EmbedStore.Serving;

/// <summary>Rendezvous placement of all shards at once in which no server has more than a little above its part.</summary>
/// <remarks>
/// <para>A server that more shards want than it may have keeps those that cost least there; each other goes to the server that it wants next. Costs are symmetric, so there is one such
/// arrangement, whatever the order of shards and servers, and whoever knows the same shards and servers finds it: the stable one of Gale and Shapley, 1962.</para>
/// <para>Pure, and thread-safe.</para>
/// </remarks>
public static class BoundedPlacement
{
    /// <summary>What a server may have at most, over its part by weight; but always its part rounded up to whole shards.</summary>
    public const double LoadRatioMax = 1.08;

    private static readonly Comparer<Bid> HighestFirst = Comparer<Bid>.Create(static (left, right) => right.CompareTo(left));

    /// <summary>The server of each shard.</summary>
    /// <param name="shards">All that there are, in any order; no two alike. Shape [n].</param>
    /// <param name="servers">At least one, in any order; no two of one name.</param>
    /// <param name="positions">Gets the position in <paramref name="servers"/> of each shard's server. Shape [n].</param>
    /// <exception cref="ArgumentException">There is no server, or the shapes differ.</exception>
    public static void Choose(ReadOnlySpan<ShardKey> shards, ReadOnlySpan<PlacementServer> servers, Span<int> positions)
    {
        if (servers.IsEmpty)
        {
            throw new ArgumentException("There is no server.", nameof(servers));
        }

        if (positions.Length != shards.Length)
        {
            throw new ArgumentException($"There must be as many positions as shards, {shards.Length}; were {positions.Length}.", nameof(positions));
        }

        int[] limits = Limits(shards.Length, servers);
        var held = new PriorityQueue<int, Bid>[servers.Length];
        for (int i = 0; i < held.Length; i++)
        {
            held[i] = new PriorityQueue<int, Bid>(limits[i] + 1, HighestFirst);
        }

        for (int i = 0; i < shards.Length; i++)
        {
            Place(i, shards, servers, limits, held, positions);
        }
    }

    /// <summary>Places a shard, then the one that this drives out, and so on. It ends: a server that is full stays so, and all of them together have more room than there are shards.</summary>
    private static void Place(
        int shard, ReadOnlySpan<ShardKey> shards, ReadOnlySpan<PlacementServer> servers, int[] limits, PriorityQueue<int, Bid>[] held, Span<int> positions)
    {
        (int server, double cost) = (-1, 0);
        while (true)
        {
            ulong hash = RendezvousPlacement.HashOf(shards[shard]);
            server = RendezvousPlacement.Next(hash, servers, server, cost);
            positions[shard] = server;
            held[server].Enqueue(shard, new Bid(RendezvousPlacement.CostOf(hash, servers[server]), shards[shard]));
            if (held[server].Count <= limits[server])
            {
                return;
            }

            held[server].TryDequeue(out shard, out Bid bid);
            cost = bid.Cost;
        }
    }

    private static int[] Limits(int shardCount, ReadOnlySpan<PlacementServer> servers)
    {
        // In the order of their names, for a sum of doubles depends on its order.
        PlacementServer[] byName = servers.ToArray();
        Array.Sort(byName, static (left, right) => string.CompareOrdinal(left.Name, right.Name));
        double weightSum = byName.Sum(static server => server.Weight);
        int[] limits = new int[servers.Length];
        for (int i = 0; i < limits.Length; i++)
        {
            double part = shardCount * (servers[i].Weight / weightSum);
            limits[i] = (int)Math.Max(Math.Ceiling(part), Math.Floor(LoadRatioMax * part));
        }

        return limits;
    }

    /// <summary>How much a server wants a shard: the lowest most.</summary>
    private readonly record struct Bid(double Cost, ShardKey Shard) : IComparable<Bid>
    {
        public int CompareTo(Bid other) => (Cost, Shard.TableId, Shard.Generation, Shard.Shard).CompareTo((other.Cost, other.Shard.TableId, other.Shard.Generation, other.Shard.Shard));
    }
}
