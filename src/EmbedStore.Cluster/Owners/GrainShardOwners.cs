using EmbedStore.Serving;

namespace EmbedStore.Cluster;

/// <summary>Owners by the place of their grains.</summary>
internal sealed class GrainShardOwners : IShardOwners
{
    private readonly IGrainFactory _grains;
    private readonly ClusterView _view;
    private readonly OwnerCache<ShardKey> _shards;
    private readonly OwnerCache<string> _homes;

    public GrainShardOwners(IGrainFactory grains, ClusterView view)
    {
        _grains = grains;
        _view = view;
        _shards = new OwnerCache<ShardKey>(AskAsync, view.IsLive);
        _homes = new OwnerCache<string>(AskHomeAsync, view.IsLive);
    }

    /// <inheritdoc/>
    public IReadOnlyList<PeerServer> Servers => _view.Current.Servers;

    /// <inheritdoc/>
    public ValueTask<PeerServer> FindAsync(ShardKey shard, CancellationToken cancellation) => _shards.FindAsync(shard, cancellation);

    /// <inheritdoc/>
    public void Forget(ShardKey shard, PeerServer server) => _shards.Forget(shard, server);

    /// <inheritdoc/>
    public ValueTask<PeerServer> FindHomeAsync(string name, CancellationToken cancellation) => _homes.FindAsync(name, cancellation);

    /// <inheritdoc/>
    public void ForgetHome(string name, PeerServer server) => _homes.Forget(name, server);

    private async Task<PeerServer> AskAsync(ShardKey shard)
    {
        OwnerAnswer? answer = await AnswerOf(() => _grains.GetGrain<IShardGrain>(shard.ToString()).OwnerAsync(), $"shard {shard}");
        return answer is null ? throw new OwnerUnknownException($"No server knows a shard {shard}.") : Server(answer);
    }

    private async Task<PeerServer> AskHomeAsync(string name) =>
        Server(await AnswerOf(() => _grains.GetGrain<IHomeGrain>(name).OwnerAsync(), name));

    /// <summary>Whatever goes wrong means the same: a server that is gone, one that is not up yet, one that leaves, a list of members that changes.</summary>
    private static async Task<T> AnswerOf<T>(Func<Task<T>> question, string what)
    {
        try
        {
            return await question();
        }
        catch (Exception failure) when (failure is not OutOfMemoryException)
        {
            throw new OwnerUnknownException($"Nobody says who owns {what} at the moment.", failure);
        }
    }

    /// <summary>The object that the view has, so that <see cref="ClusterView.IsLive"/> is quick; an own one as long as the view does not know the server.</summary>
    private PeerServer Server(OwnerAnswer answer)
    {
        var server = new PeerServer(answer.Server, answer.Address, answer.Server == _view.Self);
        return _view.Current.Find(answer.Server) is { } known && known == server ? known : server;
    }
}
