using EmbedStore.Serving;
using Orleans.Runtime.Placement;

namespace EmbedStore.Cluster;

/// <summary>Chooses the server of a grain that is nowhere yet.</summary>
/// <remarks>
/// Runs where the call comes from, with what is known there: two servers may choose differently for a moment. The directory decides then, and the claim on the shard's folder after it.
/// A hint of the caller is not asked for: it would move a shard to where nobody expects it.
/// </remarks>
internal sealed class OwnerDirector(ClusterView view) : IPlacementDirector
{
    /// <inheritdoc/>
    /// <exception cref="SiloUnavailableException">No member can take the grain now.</exception>
    public Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context)
    {
        string key = target.GrainIdentity.Key.ToString()!;
        ClusterState state = view.Current;
        string? server = strategy switch
        {
            ShardPlacement => state.OwnerOf(ShardKey.Parse(key)),
            HomePlacement => state.HomeOf(key),
            _ => key,
        };

        return server is not null && state.SiloOf(server) is { } silo && context.GetCompatibleSilos(target).Contains(silo)
            ? Task.FromResult(silo)
            : throw new SiloUnavailableException($"No server can take {key} at the moment.");
    }
}
