using EmbedStore.Serving;
using EmbedStore.Tensors;
using EmbedStore.Testing;

namespace EmbedStore.Http.Tests;

/// <summary>What clients see of a server that stops.</summary>
public sealed class HandOverTests
{
    [Fact]
    public async Task Stop_OfAServerThatHandsOverItsShards_IsWaitedOutAndRefusesNobody()
    {
        await using var servers = new TwoServers();
        await servers.InitializeAsync();
        string table = await servers.NewAsync("[64, 1]", ", \"shards\": 4");
        servers.Owners.Home = "second";
        int sequence = 0;
        await servers.StopAsync("second", async () =>
        {
            await WriteThroughAsync(servers.First, servers.Second);
            foreach (ShardKey shard in servers.KeysOf(table).Where(static shard => shard.Shard % 2 == 1))
            {
                // Nobody has it, and both servers are asked for it.
                await servers.OrphanAsync(shard);
                Task waiting = Task.WhenAll(WriteThroughAsync(servers.First, servers.Second), ReadThroughAsync(servers.First), ReadThroughAsync(servers.Second));
                await servers.GiveAsync(shard, "first");
                await waiting;
            }

            servers.Owners.Home = "first";
            await WriteThroughAsync(servers.Second, servers.First);
        });
        await WriteThroughAsync(servers.First);
        Assert.All((await servers.First.GatherAsync(table, "[:]")).Rows().Floats(), value => Assert.Equal(sequence, value));

        async Task WriteThroughAsync(params ApiClient[] apis)
        {
            foreach (ApiClient api in apis)
            {
                string body = """{"tensors": {"values": {"dtype": "F32", "shape": [1], "data": [1]}}, "index": "[:]", "accumulate": true}""";
                sequence++;
                (await api.PostJsonAsync($"/v1/tables/{table}/put", body, null, ("Embedstore-Writer", "mover"), ("Embedstore-Sequence", $"{sequence}"))).Success();
            }
        }

        async Task ReadThroughAsync(ApiClient api) => (await api.GatherAsync(table, "[:]")).Success();
    }
}
