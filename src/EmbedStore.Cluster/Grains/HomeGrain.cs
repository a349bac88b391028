using Orleans.Placement;

namespace EmbedStore.Cluster;

/// <summary>The one place where what bears a name is done; the key is the name.</summary>
[Alias("EmbedStore.IHomeGrain")]
internal interface IHomeGrain : IGrainWithStringKey
{
    /// <summary>Where it is done.</summary>
    [ResponseTimeout(CallTimes.Owner)]
    [Alias("Owner")]
    Task<OwnerAnswer> OwnerAsync();

    /// <summary>Lets the next call find a new place.</summary>
    /// <param name="server">Who lets go. Nothing happens when the home is elsewhere.</param>
    [ResponseTimeout(CallTimes.Owner)]
    [Alias("HandOver")]
    Task HandOverAsync(string server);
}

/// <summary>See <see cref="IHomeGrain"/>.</summary>
[HomePlacement, Immovable, KeepAlive]
internal sealed class HomeGrain(LocalGrains local, ServerSelf self) : Grain, IHomeGrain
{
    private bool _admitted;

    /// <inheritdoc/>
    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _admitted = self.Admits(state => state.HomeOf(this.GetPrimaryKeyString()));
        local.AddHome(this.GetPrimaryKeyString());
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        local.RemoveHome(this.GetPrimaryKeyString());
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<OwnerAnswer> OwnerAsync()
    {
        if (!_admitted)
        {
            DeactivateOnIdle();
            throw self.Refusal();
        }

        return Task.FromResult(self.Answer);
    }

    /// <inheritdoc/>
    public Task HandOverAsync(string server)
    {
        if (server == self.Answer.Server)
        {
            DeactivateOnIdle();
        }

        return Task.CompletedTask;
    }
}
