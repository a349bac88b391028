using Orleans.Placement;

namespace EmbedStore.Cluster;

/// <summary>A shard's grain is on the server that <see cref="Serving.RendezvousPlacement"/> chooses.</summary>
[GenerateSerializer, Immutable, SuppressReferenceTracking]
internal sealed class ShardPlacement : PlacementStrategy;

/// <summary>A home's grain likewise, by its name.</summary>
[GenerateSerializer, Immutable, SuppressReferenceTracking]
internal sealed class HomePlacement : PlacementStrategy;

/// <summary>A grain is on the server whose name is its key.</summary>
[GenerateSerializer, Immutable, SuppressReferenceTracking]
internal sealed class NamedPlacement : PlacementStrategy;

/// <summary>Marks a grain class for <see cref="ShardPlacement"/>.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class ShardPlacementAttribute() : PlacementAttribute(new ShardPlacement());

/// <summary>Marks a grain class for <see cref="HomePlacement"/>.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class HomePlacementAttribute() : PlacementAttribute(new HomePlacement());

/// <summary>Marks a grain class for <see cref="NamedPlacement"/>.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class NamedPlacementAttribute() : PlacementAttribute(new NamedPlacement());
