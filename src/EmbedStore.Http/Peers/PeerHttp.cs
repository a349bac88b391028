using EmbedStore.Serving;

namespace EmbedStore.Http;

/// <summary>Connections to the other servers.</summary>
internal sealed class PeerHttp(ClusterPlace place) : IDisposable
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

        try
        {
            return await _client.SendAsync(request, cancellation);
        }
        catch (HttpRequestException failure)
        {
            bool mayHaveArrived = failure.HttpRequestError is not (HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError);
            throw new PeerUnreachableException($"server {server.Name} gave no answer", mayHaveArrived, failure);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();
}
