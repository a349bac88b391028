namespace EmbedStore.Serving;

/// <summary>Carries calls to other servers: bytes there, bytes back.</summary>
/// <remarks>Thread-safe.</remarks>
public interface IPeerTransport
{
    /// <summary>Calls a server that is not this one.</summary>
    /// <param name="server">Where to.</param>
    /// <param name="kind">What is asked.</param>
    /// <param name="shard">Of which shard; a call about a table names its shard 0.</param>
    /// <param name="request">Valid until the answer is there.</param>
    /// <param name="cancellation">Ends the wait; the other server may go on.</param>
    /// <returns>To be disposed once it was read.</returns>
    /// <exception cref="PeerUnreachableException">There was no answer.</exception>
    ValueTask<PeerBuffer> CallAsync(PeerServer server, PeerCall kind, ShardKey shard, ReadOnlyMemory<byte> request, CancellationToken cancellation);
}
