using System.Globalization;
using EmbedStore.Serving;

namespace EmbedStore.Http;

/// <summary>Calls between servers over HTTP/1.1: <c>POST /peer/Read/42/1/3</c>.</summary>
internal sealed class HttpPeerTransport(PeerHttp peers) : IPeerTransport
{
    /// <summary>A read is sent to another server when one does not answer within that time: it may have been stopped.</summary>
    private static readonly TimeSpan ReadTimeout = TimeSpan.FromSeconds(3);

    /// <summary>A write may have to wait for others, and for a disk.</summary>
    private static readonly TimeSpan WriteTimeout = TimeSpan.FromSeconds(10);

    /// <summary>Whole shards are listed or written down.</summary>
    private static readonly TimeSpan LongTimeout = TimeSpan.FromMinutes(10);

    /// <inheritdoc/>
    public async ValueTask<PeerBuffer> CallAsync(PeerServer server, PeerCall kind, ShardKey shard, ReadOnlyMemory<byte> request, CancellationToken cancellation)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        ending.CancelAfter(TimeoutOf(kind));
        var path = string.Create(CultureInfo.InvariantCulture, $"{PeerDoor.Path}/{kind}/{shard}");
        using var message = new HttpRequestMessage(HttpMethod.Post, new Uri(server.Address, path)) { Content = new ReadOnlyMemoryContent(request) };
        try
        {
            using HttpResponseMessage answer = await peers.SendAsync(server, message, ending.Token);
            if (!answer.IsSuccessStatusCode || answer.Content.Headers.ContentLength is not { } length)
            {
                throw new PeerUnreachableException($"server {server.Name} answered {(int)answer.StatusCode}", mayHaveArrived: true);
            }

            return await ReadAsync(answer, checked((int)length), ending.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new PeerUnreachableException($"server {server.Name} gave no answer in time", mayHaveArrived: true);
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            throw new PeerUnreachableException($"server {server.Name} broke off its answer", mayHaveArrived: true, e);
        }
    }

    private static TimeSpan TimeoutOf(PeerCall kind) => kind switch
    {
        PeerCall.Write => WriteTimeout,
        PeerCall.RowIds or PeerCall.Keys or PeerCall.SnapshotBegin or PeerCall.SnapshotSave => LongTimeout,
        _ => ReadTimeout,
    };

    private static async ValueTask<PeerBuffer> ReadAsync(HttpResponseMessage answer, int length, CancellationToken cancellation)
    {
        var buffer = new PeerBuffer(length);
        try
        {
            buffer.Append(length);
            await using Stream body = await answer.Content.ReadAsStreamAsync(cancellation);
            await body.ReadExactlyAsync(buffer.Memory, cancellation);
            return buffer;
        }
        catch
        {
            buffer.Dispose();
            throw;
        }
    }
}
