using EmbedStore.Testing;

namespace EmbedStore.Serving.Tests.Placement;

public sealed class BoundedPlacementTests
{
    /// <summary>The model takes all pairs of shard and server in the order of their costs: with symmetric costs that is the one stable arrangement.</summary>
    [Theory]
    [InlineData(1, 7)]
    [InlineData(3, 16)]
    [InlineData(3, 1)]
    [InlineData(10, 160)]
    [InlineData(40, 20)]
    [InlineData(25, 1000)]
    public void Choose_AnyShards_IsTheStableArrangement(int serverCount, int shardCount)
    {
        var random = new Random(TestSeed.Current);
        PlacementServer[] servers = [.. Enumerable.Range(0, serverCount).Select(number => new PlacementServer($"server-{number}", 0.5 + random.NextDouble()))];
        ShardKey[] shards = Shards(shardCount);
        int[] actual = Choose(shards, servers);

        int[] expected = [.. Enumerable.Repeat(-1, shardCount)];
        int[] counts = new int[serverCount];
        var pairs =
            from shard in Enumerable.Range(0, shardCount)
            from server in Enumerable.Range(0, serverCount)
            orderby RendezvousPlacement.CostOf(RendezvousPlacement.HashOf(shards[shard]), servers[server])
            select (shard, server);
        foreach ((int shard, int server) in pairs)
        {
            if (expected[shard] < 0 && counts[server] < LimitOf(server))
            {
                expected[shard] = server;
                counts[server]++;
            }
        }

        Assert.True(expected.SequenceEqual(actual), TestSeed.Hint);

        int LimitOf(int server)
        {
            double part = shardCount * (servers[server].Weight / servers.OrderBy(static each => each.Name, StringComparer.Ordinal).Sum(static each => each.Weight));
            return (int)Math.Max(Math.Ceiling(part), Math.Floor(BoundedPlacement.LoadRatioMax * part));
        }
    }

    [Fact]
    public void Choose_ShardsAndServersInAnyOrder_IsTheSame()
    {
        var random = new Random(TestSeed.Current);
        PlacementServer[] servers = Servers(20);
        ShardKey[] shards = Shards(1000);
        Dictionary<ShardKey, string> expected = Named(shards, servers);
        random.Shuffle(servers);
        random.Shuffle(shards);
        Assert.True(Named(shards, servers).OrderBy(static pair => pair.Key.ToString()).SequenceEqual(expected.OrderBy(static pair => pair.Key.ToString())), TestSeed.Hint);
    }

    [Fact]
    public void Choose_NoServerIsFull_IsWhatEachShardWantsMost()
    {
        PlacementServer[] servers = Servers(4);
        ShardKey[] shards = [.. Shards(200)];
        int[] plain = [.. shards.Select(shard => RendezvousPlacement.Choose(shard, servers))];
        int[] bounded = Choose(shards, servers);
        int limit = (int)Math.Floor(BoundedPlacement.LoadRatioMax * shards.Length / servers.Length);
        for (int server = 0; server < servers.Length; server++)
        {
            int count = bounded.Count(position => position == server);
            Assert.InRange(count, 0, limit);
            if (count < limit)
            {
                Assert.All(Enumerable.Range(0, shards.Length).Where(shard => plain[shard] == server), shard => Assert.Equal(server, bounded[shard]));
            }
        }
    }

    [Fact]
    public void Choose_NothingToPlace_IsNothing() => Assert.Empty(Choose([], Servers(3)));

    [Fact]
    public void Choose_NoServer_IsRefused() => Assert.Throws<ArgumentException>(static () => Choose(Shards(1), []));

    [Fact]
    public void Choose_ShapesThatDiffer_AreRefused() => Assert.Throws<ArgumentException>(static () => BoundedPlacement.Choose(Shards(2), Servers(2), new int[3]));

    private static int[] Choose(ShardKey[] shards, PlacementServer[] servers)
    {
        int[] positions = new int[shards.Length];
        BoundedPlacement.Choose(shards, servers, positions);
        return positions;
    }

    private static Dictionary<ShardKey, string> Named(ShardKey[] shards, PlacementServer[] servers) =>
        shards.Zip(Choose(shards, servers), (shard, position) => (shard, servers[position].Name)).ToDictionary();

    private static PlacementServer[] Servers(int count) => [.. Enumerable.Range(0, count).Select(static number => new PlacementServer($"server-{number}"))];

    private static ShardKey[] Shards(int count) => [.. Enumerable.Range(0, count).Select(static i => new ShardKey(i / 16, 1, i % 16))];
}
