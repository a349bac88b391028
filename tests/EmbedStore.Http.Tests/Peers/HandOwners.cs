using System.Collections.Concurrent;
using EmbedStore.Serving;

namespace EmbedStore.Http.Tests;

/// <summary>Who owns what among the servers of one test: said by the test.</summary>
internal sealed class HandOwners
{
    private readonly ConcurrentDictionary<ShardKey, string> _owners = new();
    private readonly ConcurrentDictionary<string, Uri> _servers = new();

    public string Home { get; set; } = "";

    public void Add(string server, Uri address) => _servers[server] = address;

    public void Remove(string server) => _servers.TryRemove(server, out _);

    public void Own(ShardKey shard, string server) => _owners[shard] = server;

    public void Orphan(ShardKey shard) => _owners.TryRemove(shard, out _);

    /// <summary>The same, as one of the servers sees it.</summary>
    public IShardOwners For(string server) => new Seen(this, server);

    private PeerServer ServerOf(string name, string here) =>
        _servers.TryGetValue(name, out Uri? address) ? new PeerServer(name, address, name == here) : throw new OwnerUnknownException($"{name} is gone.");

    private sealed class Seen(HandOwners all, string here) : IShardOwners
    {
        private readonly ConcurrentDictionary<ShardKey, PeerServer> _known = new();

        public IReadOnlyList<PeerServer> Servers => [.. all._servers.Keys.Select(name => all.ServerOf(name, here))];

        public ValueTask<PeerServer> FindAsync(ShardKey shard, CancellationToken cancellation) => ValueTask.FromResult(
            _known.GetOrAdd(shard, _ => all._owners.TryGetValue(shard, out string? owner) ? all.ServerOf(owner, here) : throw new OwnerUnknownException($"Nobody owns {shard}.")));

        public void Forget(ShardKey shard, PeerServer server) => _known.TryRemove(KeyValuePair.Create(shard, server));

        public ValueTask<PeerServer> FindHomeAsync(string name, CancellationToken cancellation) => ValueTask.FromResult(all.ServerOf(all.Home, here));

        public void ForgetHome(string name, PeerServer server)
        {
        }
    }
}
