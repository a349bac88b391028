using System.Net;
using EmbedStore.Serving;

namespace EmbedStore.Cluster.Tests;

/// <summary>Members over real sockets in one process; shards without rows.</summary>
public sealed class OwnershipTests
{
    private const int ShardCount = 24;

    private readonly FakeShards _shards = new(ShardCount);
    private readonly IPEndPoint[] _endpoints = Node.FreeEndpoints(3);

    [Fact]
    public async Task Start_ThreeServersAtOnce_EachTakesWhatItShouldHaveAndNothingMoves()
    {
        Node[] nodes = await Task.WhenAll(StartAsync(0), StartAsync(1), StartAsync(2));
        await _shards.WaitUntilPlacedAsync("s0", "s1", "s2");

        Assert.Equal(1, _shards.OwnerCountMax);
        Assert.Equal(ShardCount, _shards.Notes.Count);
        foreach (Node node in nodes)
        {
            Assert.Equal(["s0", "s1", "s2"], node.Owners.Servers.Select(static server => server.Name));
            foreach (ShardKey shard in _shards.All)
            {
                PeerServer owner = await node.Owners.FindAsync(shard, default);
                Assert.Contains(shard, _shards.TakenBy(owner.Name));
                Assert.Equal(owner.Name == node.Name, owner.IsHere);
            }
        }

        await StopAsync(nodes);
    }

    [Fact]
    public async Task Join_OfAThird_MovesWhatItShouldHaveOneAtATimeAndNothingElse()
    {
        Node[] nodes = await Task.WhenAll(StartAsync(0), StartAsync(1));
        await _shards.WaitUntilPlacedAsync("s0", "s1");
        int before = _shards.Notes.Count;
        Node third = await StartAsync(2);
        await _shards.WaitUntilPlacedAsync("s0", "s1", "s2");

        Assert.Equal(1, _shards.OwnerCountMax);
        string[] notes = [.. _shards.Notes.Skip(before)];
        IReadOnlyList<ShardKey> moved = _shards.TakenBy("s2");
        Assert.NotEmpty(moved);
        Assert.Equal(3 * moved.Count, notes.Length);
        foreach (ShardKey shard in moved)
        {
            // Prepared while it served, let go, taken.
            string[] own = [.. notes.Where(note => note.EndsWith($" {shard}", StringComparison.Ordinal))];
            Assert.Equal(["prepares", "releases", "takes"], own.Select(static note => note.Split(' ')[1]));
            Assert.Equal(own[0].Split(' ')[0], own[1].Split(' ')[0]);
        }

        await StopAsync([.. nodes, third]);
    }

    [Fact]
    public async Task Stop_OfOne_HandsOverToTheOthersWhichFindTheirNewOwners()
    {
        Node[] nodes = await Task.WhenAll(StartAsync(0), StartAsync(1), StartAsync(2));
        await _shards.WaitUntilPlacedAsync("s0", "s1", "s2");
        ShardKey shard = _shards.TakenBy("s2")[0];
        Assert.Equal("s2", (await nodes[0].Owners.FindAsync(shard, default)).Name);
        await nodes[2].StopAsync();
        Assert.Empty(_shards.TakenBy("s2"));
        await _shards.WaitUntilPlacedAsync("s0", "s1");

        Assert.Equal(1, _shards.OwnerCountMax);
        Assert.NotEqual("s2", (await nodes[0].Owners.FindAsync(shard, default)).Name);
        Assert.Equal(["s0", "s1"], nodes[0].Owners.Servers.Select(static server => server.Name));
        await StopAsync(nodes);
    }

    [Fact]
    public async Task Claim_OfAShardByAServerThatShouldNotHaveIt_IsUndoneByItsOwner()
    {
        Node[] nodes = await Task.WhenAll(StartAsync(0), StartAsync(1));
        await _shards.WaitUntilPlacedAsync("s0", "s1");
        ShardKey shard = _shards.TakenBy("s1")[0];

        // As a server does that woke up, and did not know yet that it is no member any more; then it ends.
        _shards.Release(shard, "s1");
        await _shards.WaitUntilPlacedAsync("s0", "s1");
        Assert.Equal([$"s1 takes {shard}", $"s1 releases {shard}", $"s1 takes {shard}"], _shards.Notes.Where(note => note.EndsWith($" {shard}", StringComparison.Ordinal)));
        await StopAsync(nodes);
    }

    [Fact]
    public async Task FindAsync_ShardThatDoesNotExist_IsUnknown()
    {
        Node node = await StartAsync(0);
        await Assert.ThrowsAsync<OwnerUnknownException>(async () => await node.Owners.FindAsync(new ShardKey(9, 1, 0), default));
        await StopAsync(node);
    }

    [Fact]
    public async Task FindHomeAsync_FromEveryServer_IsOnePlaceAndMovesWhenThatStops()
    {
        Node[] nodes = await Task.WhenAll(StartAsync(0), StartAsync(1), StartAsync(2));
        string[] names = [.. Enumerable.Range(0, 64).Select(static number => $"writer/{number}")];
        PeerServer[] homes = await HomesAsync(nodes[0], names);
        Assert.Equal(homes.Select(static home => home.Name), (await HomesAsync(nodes[1], names)).Select(static home => home.Name));
        Assert.Equal(3, homes.Select(static home => home.Name).Distinct().Count());

        await nodes[2].StopAsync();
        PeerServer[] after = await HomesAsync(nodes[0], names);
        Assert.DoesNotContain("s2", after.Select(static home => home.Name));
        Assert.All(homes.Zip(after), static pair => Assert.True(pair.First.Name == "s2" || pair.First.Name == pair.Second.Name));
        await StopAsync(nodes);
    }

    [Fact]
    public async Task FindAsync_ServerThatHasStopped_IsUnknown()
    {
        Node node = await StartAsync(0);
        await node.StopAsync();
        await Assert.ThrowsAsync<OwnerUnknownException>(async () => await node.Owners.FindAsync(_shards.All[0], default));
        await node.DisposeAsync();
    }

    private static async Task<PeerServer[]> HomesAsync(Node node, string[] names)
    {
        var homes = new List<PeerServer>();
        foreach (string name in names)
        {
            homes.Add(await node.Owners.FindHomeAsync(name, default));
        }

        return [.. homes];
    }

    private static async Task StopAsync(params Node[] nodes)
    {
        // The first one knows the members, so it goes last.
        foreach (Node node in nodes.Reverse())
        {
            await node.DisposeAsync();
        }
    }

    private Task<Node> StartAsync(int number) => Node.StartAsync($"s{number}", _shards, _endpoints[number], _endpoints[0]);
}
