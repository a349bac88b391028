using EmbedStore.Serving;
using Orleans.Placement;

namespace EmbedStore.Cluster;

/// <summary>See <see cref="IShardGrain"/>.</summary>
[ShardPlacement, Immovable, KeepAlive]
internal sealed class ShardGrain(IShardHost host, LocalGrains local, ServerSelf self) : Grain, IShardGrain
{
    private ShardKey _shard;
    private bool _admitted;
    private bool _exists;

    /// <inheritdoc/>
    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _shard = ShardKey.Parse(this.GetPrimaryKeyString());
        _admitted = self.Admits(state => state.OwnerOf(_shard));
        _exists = _admitted && host.Take(_shard);
        if (_exists)
        {
            local.Add(_shard);
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        if (_exists)
        {
            local.Remove(_shard);
            await host.ReleaseAsync(_shard);
        }
    }

    /// <inheritdoc/>
    public Task<OwnerAnswer?> OwnerAsync()
    {
        if (!_exists)
        {
            DeactivateOnIdle();
        }

        return _admitted ? Task.FromResult(_exists ? self.Answer : null) : throw self.Refusal();
    }

    /// <inheritdoc/>
    public async Task<bool> HandOverAsync(string server)
    {
        if (server != self.Answer.Server)
        {
            return false;
        }

        if (_exists)
        {
            await host.ReleaseAsync(_shard);
        }

        DeactivateOnIdle();
        return true;
    }

    /// <inheritdoc/>
    public Task RetireAsync(string server)
    {
        if (server == self.Answer.Server)
        {
            DeactivateOnIdle();
        }

        return Task.CompletedTask;
    }
}
