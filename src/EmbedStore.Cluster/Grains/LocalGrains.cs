using System.Collections.Concurrent;
using EmbedStore.Serving;

namespace EmbedStore.Cluster;

/// <summary>The grains that are on this server. Thread-safe.</summary>
internal sealed class LocalGrains
{
    private readonly ConcurrentDictionary<ShardKey, byte> _shards = new();
    private readonly ConcurrentDictionary<string, byte> _homes = new();

    public IReadOnlyCollection<ShardKey> Shards => [.. _shards.Keys];

    public IReadOnlyCollection<string> Homes => [.. _homes.Keys];

    public void Add(ShardKey shard) => _shards[shard] = 0;

    public void Remove(ShardKey shard) => _shards.TryRemove(shard, out _);

    public void AddHome(string name) => _homes[name] = 0;

    public void RemoveHome(string name) => _homes.TryRemove(name, out _);
}
