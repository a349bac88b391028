using EmbedStore.Serving;

namespace EmbedStore.Http;

/// <summary>Connections to the other servers.</summary>
internal sealed class PeerHttp(ClusterPlace place, GoneServers gone) : IDisposable
{
    /// <summary>A server that does not take a connection within that time is gone or as good as.</summary>
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan IdleTimeout = TimeSpan.FromMinutes(1);

    private readonly HttpMessageInvoker _client = new(new SocketsHttpHandler
    {
        UseProxy = false,
        UseCookies = false,
        AllowAutoRedirect = false,
        ActivityHeadersPropagator = null,
        ConnectTimeout = ConnectTimeout,
        PooledConnectionIdleTimeout = IdleTimeout,
    });

    /// <summary>Sends a request with the cluster's secret.</summary>
    /// <exception cref="PeerUnreachableException">There was no answer.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public async ValueTask<HttpResponseMessage> SendAsync(PeerServer server, HttpRequestMessage request, CancellationToken cancellation)
    {
        if (place.PeerKey.Length > 0)
        {
            request.Headers.Add(PeerDoor.KeyHeader, place.PeerKey);
        }

        CancellationToken isGone = gone.Of(server);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation, isGone);
        try
        {
            return await _client.SendAsync(request, ending.Token);
        }
        catch (HttpRequestException failure)
        {
            bool mayHaveArrived = failure.HttpRequestError is not (HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError);
            throw new PeerUnreachableException($"server {server.Name} gave no answer", mayHaveArrived, failure);
        }
        catch (OperationCanceledException failure) when (!cancellation.IsCancellationRequested)
        {
            // The one other wait that ends so is that for a connection.
            throw isGone.IsCancellationRequested
                ? new PeerUnreachableException($"server {server.Name} is gone", mayHaveArrived: true, failure)
                : new PeerUnreachableException($"server {server.Name} takes no connection", mayHaveArrived: false, failure);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();
}
