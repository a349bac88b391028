using EmbedStore.Serving;

namespace EmbedStore.Cluster.Tests;

/// <summary>Shards without rows: notes who has which, and when.</summary>
internal sealed class FakeShardHost(FakeShards shared, string server) : IShardHost
{
    public IReadOnlyList<ShardKey> All => shared.All;

    public IReadOnlyList<ShardKey> Taken => shared.TakenBy(server);

    public bool Take(ShardKey shard) => shared.Take(shard, server);

    public void Retry(ShardKey shard)
    {
        // Its shards always open.
    }

    public Task PrepareHandOverAsync(ShardKey shard, CancellationToken cancellation)
    {
        shared.Note($"{server} prepares {shard}");
        return Task.CompletedTask;
    }

    public Task ReleaseAsync(ShardKey shard)
    {
        shared.Release(shard, server);
        return Task.CompletedTask;
    }
}
