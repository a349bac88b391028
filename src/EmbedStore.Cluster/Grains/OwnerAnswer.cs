namespace EmbedStore.Cluster;

/// <summary>Where a grain is.</summary>
/// <param name="Server">Name of its server.</param>
/// <param name="Address">That server's door for others.</param>
[GenerateSerializer, Immutable]
[Alias("EmbedStore.OwnerAnswer")]
internal sealed record OwnerAnswer([property: Id(0)] string Server, [property: Id(1)] Uri Address);
