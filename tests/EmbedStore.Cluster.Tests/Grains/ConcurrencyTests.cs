using System.Reflection;
using EmbedStore.Serving;
using Orleans.Concurrency;

namespace EmbedStore.Cluster.Tests;

/// <summary>A call that is marked as reading lets a change in beside the second of two such calls (dotnet/orleans#10807); so no call here bears a mark, and a turn is a turn.</summary>
public sealed class ConcurrencyTests
{
    [Fact]
    public void Grains_AllOfThem_BearNoMarkThatLetsCallsRunBesideEachOther()
    {
        Type[] types = [.. typeof(ClusterSettings).Assembly.GetTypes().Where(static type => typeof(IGrain).IsAssignableFrom(type) && type.Namespace == typeof(ClusterSettings).Namespace)];
        Assert.Contains(typeof(IShardGrain), types);
        Assert.Contains(typeof(ShardGrain), types);
        foreach (Type type in types)
        {
            Assert.Null(type.GetCustomAttribute<ReentrantAttribute>());
            Assert.Null(type.GetCustomAttribute<MayInterleaveAttribute>());
            Assert.All(type.GetMethods(), static method => Assert.True(
                method.GetCustomAttribute<ReadOnlyAttribute>() is null && method.GetCustomAttribute<AlwaysInterleaveAttribute>() is null));
        }
    }

    [Fact]
    public async Task OwnerAsync_TwoReadersBesideAHandOver_NeverNameAServerThatHasLetGo()
    {
        var shards = new FakeShards(1);
        var endpoint = Node.FreeEndpoints(1)[0];
        await using Node node = await Node.StartAsync("s0", shards, endpoint, endpoint);
        await shards.WaitUntilPlacedAsync("s0");
        ShardKey shard = shards.All[0];
        IShardGrain grain = node.Grains.GetGrain<IShardGrain>(shard.ToString());
        for (int round = 0; round < 50; round++)
        {
            using var end = new CancellationTokenSource();
            Task[] readers = [ReadAsync(end.Token), ReadAsync(end.Token)];
            Assert.True(await grain.HandOverAsync("s0"));
            await end.CancelAsync();
            await Task.WhenAll(readers);
        }

        // An answer comes from a turn in which the shard was taken: each hand-over is followed by a new taking.
        string[] kinds = [.. shards.Notes.Select(static note => note.Split(' ')[1])];
        Assert.All(kinds.Index(), static pair => Assert.Equal(pair.Index % 2 == 0 ? "takes" : "releases", pair.Item));

        async Task ReadAsync(CancellationToken cancellation)
        {
            while (!cancellation.IsCancellationRequested)
            {
                Assert.Equal("s0", (await grain.OwnerAsync())!.Server);
            }
        }
    }
}
