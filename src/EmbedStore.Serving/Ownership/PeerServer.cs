namespace EmbedStore.Serving;

/// <summary>A server of the cluster, as the others reach it.</summary>
/// <param name="Name">Unique in the cluster, and the same after a restart.</param>
/// <param name="Address">Its door for other servers, such as <c>http://10.0.0.7:7710</c>.</param>
/// <param name="IsHere">Whether it is this server.</param>
public sealed record PeerServer(string Name, Uri Address, bool IsHere);
