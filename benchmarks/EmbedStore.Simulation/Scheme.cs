using EmbedStore.Serving;

namespace EmbedStore.Simulation;

/// <summary>A way to place all shards.</summary>
/// <param name="Name">In the table of results.</param>
/// <param name="Place">The position of each shard's server.</param>
internal sealed record Scheme(string Name, Func<ShardKey[], PlacementServer[], int[]> Place)
{
    public static readonly Scheme Plain = new("rendezvous", static (shards, servers) => Array.ConvertAll(shards, shard => RendezvousPlacement.Choose(shard, servers)));

    public static readonly Scheme Bounded = new("bounded", static (shards, servers) =>
    {
        int[] positions = new int[shards.Length];
        BoundedPlacement.Choose(shards, servers, positions);
        return positions;
    });
}
