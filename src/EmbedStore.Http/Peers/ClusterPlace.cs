namespace EmbedStore.Http;

/// <summary>Whether this server is one of several, and what follows from it for a call.</summary>
/// <param name="PeerPort">TCP port of the door for other servers; 0: this server is alone.</param>
/// <param name="PeerKey">What they show there; empty: nothing.</param>
/// <param name="StalenessMaxMilliseconds">Age of rows that a read allows when it does not say; null: this server is alone, and each answer is the newest.</param>
internal sealed record ClusterPlace(int PeerPort, string PeerKey, int? StalenessMaxMilliseconds)
{
    /// <summary>This server has no others.</summary>
    public static readonly ClusterPlace Alone = new(0, "", null);
}
