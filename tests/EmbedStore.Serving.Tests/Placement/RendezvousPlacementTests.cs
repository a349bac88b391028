using EmbedStore.Testing;

namespace EmbedStore.Serving.Tests.Placement;

public sealed class RendezvousPlacementTests
{
    private const int ShardCount = 20_000;

    private static readonly PlacementServer[] Equal = [.. Enumerable.Range(0, 5).Select(static number => new PlacementServer($"embedstore-{number}"))];
    private static readonly PlacementServer[] Unequal = [new("a", 0.5), new("b"), new("größer", 3), new("d", 2.25)];

    /// <summary>Computed apart from the code, once, in decimal arithmetic of 50 digits. Servers of two versions must agree.</summary>
    [Theory]
    [InlineData(0, 1, 0, "embedstore-0", "d")]
    [InlineData(1, 1, 0, "embedstore-1", "b")]
    [InlineData(1, 1, 1, "embedstore-3", "größer")]
    [InlineData(1, 1, 2, "embedstore-3", "größer")]
    [InlineData(1, 2, 0, "embedstore-4", "größer")]
    [InlineData(42, 1, 1023, "embedstore-0", "größer")]
    [InlineData(42, 7, 3, "embedstore-1", "a")]
    [InlineData(long.MaxValue, int.MaxValue, 1023, "embedstore-0", "d")]
    public void Choose_KnownShards_NeverMove(long table, int generation, int shard, string equal, string unequal)
    {
        var key = new ShardKey(table, generation, shard);
        Assert.Equal(equal, Equal[RendezvousPlacement.Choose(key, Equal)].Name);
        Assert.Equal(unequal, Unequal[RendezvousPlacement.Choose(key, Unequal)].Name);
    }

    [Theory]
    [InlineData("", "embedstore-1", "größer")]
    [InlineData("catalog", "embedstore-4", "d")]
    [InlineData("writer/17", "embedstore-1", "größer")]
    [InlineData("ein Schreiber für Zeilen", "embedstore-2", "größer")]
    public void Choose_KnownNames_NeverMove(string name, string equal, string unequal)
    {
        Assert.Equal(equal, Equal[RendezvousPlacement.Choose(name, Equal)].Name);
        Assert.Equal(unequal, Unequal[RendezvousPlacement.Choose(name, Unequal)].Name);
    }

    /// <summary>The code leaves most logarithms out; the model takes all.</summary>
    [Fact]
    public void Choose_AnyShard_IsTheServerOfTheLowestCost()
    {
        PlacementServer[] servers = RandomServers(50);
        foreach (ShardKey shard in Shards())
        {
            ulong hash = RendezvousPlacement.HashOf(shard);
            string lowest = servers.OrderBy(server => RendezvousPlacement.CostOf(hash, server)).ThenBy(static server => server.Name, StringComparer.Ordinal).First().Name;
            Assert.True(lowest == NameOf(shard, servers), TestSeed.Hint);
        }
    }

    [Fact]
    public void Choose_ServersInAnyOrder_IsTheSame()
    {
        PlacementServer[] servers = RandomServers(50);
        PlacementServer[] shuffled = [.. servers];
        new Random(TestSeed.Current).Shuffle(shuffled);
        Assert.All(Shards(), shard => Assert.True(NameOf(shard, servers) == NameOf(shard, shuffled), TestSeed.Hint));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(25)]
    [InlineData(49)]
    public void Choose_OneServerLess_MovesItsShardsAndNoOther(int position)
    {
        PlacementServer[] all = RandomServers(50);
        PlacementServer gone = all[position];
        PlacementServer[] rest = [.. all.Where(server => server.Name != gone.Name)];
        int movedCount = 0;
        foreach (ShardKey shard in Shards())
        {
            (string before, string after) = (NameOf(shard, all), NameOf(shard, rest));
            Assert.True(before == after || before == gone.Name, TestSeed.Hint);
            movedCount += before == after ? 0 : 1;
        }

        AssertShare(movedCount, gone.Weight / all.Sum(static server => server.Weight));
    }

    [Fact]
    public void Choose_AWeightGrows_ShardsMoveToThatServerOnly()
    {
        PlacementServer[] before = RandomServers(50);
        PlacementServer[] after = [.. before];
        after[7] = new PlacementServer(before[7].Name, before[7].Weight * 2);
        foreach (ShardKey shard in Shards())
        {
            string name = NameOf(shard, after);
            Assert.True(name == before[7].Name || name == NameOf(shard, before), TestSeed.Hint);
        }
    }

    [Fact]
    public void Choose_ManyShards_GiveEachServerItsPart()
    {
        foreach (PlacementServer[] servers in new[] { Equal, Unequal, [new("small", 0.01), new("large", 100)] })
        {
            int[] counts = new int[servers.Length];
            foreach (ShardKey shard in Shards())
            {
                counts[RendezvousPlacement.Choose(shard, servers)]++;
            }

            double weightSum = servers.Sum(static server => server.Weight);
            for (int i = 0; i < servers.Length; i++)
            {
                AssertShare(counts[i], servers[i].Weight / weightSum);
            }
        }
    }

    [Fact]
    public void Choose_OneServer_HasEverything() => Assert.All(Shards(), static shard => Assert.Equal(0, RendezvousPlacement.Choose(shard, [new PlacementServer("only", PlacementServer.WeightMin)])));

    [Fact]
    public void Choose_AnyShard_AllocatesNothing()
    {
        PlacementServer[] servers = RandomServers(50);
        RendezvousPlacement.Choose("catalog", servers);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
        {
            RendezvousPlacement.Choose(new ShardKey(i, 1, i), servers);
            RendezvousPlacement.Choose("catalog", servers);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void Choose_NoServer_IsRefused()
    {
        Assert.Throws<ArgumentException>(static () => RendezvousPlacement.Choose(default(ShardKey), []));
        Assert.Throws<ArgumentException>(static () => RendezvousPlacement.Choose("catalog", []));
    }

    [Fact]
    public void Choose_NameThatIsTooLong_IsRefused()
    {
        Assert.Equal(0, RendezvousPlacement.Choose(new string('界', RendezvousPlacement.NameLengthMax), [new PlacementServer("only")]));
        Assert.Throws<ArgumentException>(static () => RendezvousPlacement.Choose(new string('n', RendezvousPlacement.NameLengthMax + 1), Equal));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(1e-7)]
    [InlineData(2e6)]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void Server_WeightOutsideOfItsRange_IsRefused(double weight) =>
        Assert.Equal(weight, Assert.Throws<ArgumentOutOfRangeException>(() => new PlacementServer("a", weight)).ActualValue);

    [Fact]
    public void Server_WithoutName_IsRefused() => Assert.Throws<ArgumentException>(static () => new PlacementServer(""));

    private static string NameOf(ShardKey shard, PlacementServer[] servers) => servers[RendezvousPlacement.Choose(shard, servers)].Name;

    private static IEnumerable<ShardKey> Shards() => Enumerable.Range(0, ShardCount).Select(static i => new ShardKey(i / 64, 1 + (i % 3), i % 64));

    private static PlacementServer[] RandomServers(int count)
    {
        var random = new Random(TestSeed.Current);
        return [.. Enumerable.Range(0, count).Select(number => new PlacementServer($"server-{number}", Math.Pow(10, random.NextDouble())))];
    }

    /// <summary>Within six standard deviations of what chance gives.</summary>
    private static void AssertShare(int count, double part)
    {
        double deviation = Math.Sqrt(ShardCount * part * (1 - part));
        Assert.InRange(count, (ShardCount * part) - (6 * deviation), (ShardCount * part) + (6 * deviation));
    }
}
