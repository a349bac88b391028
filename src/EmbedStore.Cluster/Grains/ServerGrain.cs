using Orleans.Placement;

namespace EmbedStore.Cluster;

/// <summary>One server; the key is its name.</summary>
[Alias("EmbedStore.IServerGrain")]
internal interface IServerGrain : IGrainWithStringKey
{
    /// <summary>Tells the server that a member is about to leave, so that it gives nothing to it any more.</summary>
    [ResponseTimeout(CallTimes.Owner)]
    [Alias("NoteLeaving")]
    Task NoteLeavingAsync(SiloAddress member);
}

/// <summary>See <see cref="IServerGrain"/>.</summary>
[NamedPlacement, Immovable]
internal sealed class ServerGrain(ClusterView view) : Grain, IServerGrain
{
    /// <inheritdoc/>
    public Task NoteLeavingAsync(SiloAddress member)
    {
        view.NoteLeaving(member);
        return Task.CompletedTask;
    }
}
