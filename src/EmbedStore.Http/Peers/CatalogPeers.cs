using EmbedStore.Serving;

namespace EmbedStore.Http;

/// <summary>Tells every other server that the catalog has changed.</summary>
internal sealed class CatalogPeers(IShardOwners owners, IPeerTransport transport) : ICatalogPeers
{
    /// <inheritdoc/>
    public Task AnnounceAsync() => Task.WhenAll(owners.Servers.Where(static server => !server.IsHere).Select(TellAsync));

    private async Task TellAsync(PeerServer server)
    {
        try
        {
            using PeerBuffer answer = await transport.CallAsync(server, PeerCall.Refresh, default, default, CancellationToken.None);
        }
        catch (PeerUnreachableException)
        {
            // It looks for itself when it is there again.
        }
    }
}
