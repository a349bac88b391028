namespace EmbedStore.Serving;

/// <summary>Which server of the cluster owns what. An answer may be over by the time it is used: an owner that is asked says so itself.</summary>
/// <remarks>Thread-safe.</remarks>
public interface IShardOwners
{
    /// <summary>The owner of a shard. Answers are kept until they are forgotten.</summary>
    /// <exception cref="OwnerUnknownException">Nobody is known to own it now; worth another try in a moment.</exception>
    ValueTask<PeerServer> FindAsync(ShardKey shard, CancellationToken cancellation);

    /// <summary>Drops an answer of <see cref="FindAsync"/> that turned out to be over. Another that came meanwhile stays.</summary>
    void Forget(ShardKey shard, PeerServer server);

    /// <summary>The one server where what bears this name is done: changes of the catalog, the turns of a writer.</summary>
    /// <param name="name">Any text of at most 64 characters.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="OwnerUnknownException">Nobody is known to do it now; worth another try in a moment.</exception>
    ValueTask<PeerServer> FindHomeAsync(string name, CancellationToken cancellation);

    /// <summary>As <see cref="Forget"/>.</summary>
    void ForgetHome(string name, PeerServer server);

    /// <summary>Every server that is not known to be gone, this one among them.</summary>
    IReadOnlyList<PeerServer> Servers { get; }
}

/// <summary>Nobody is known to own a shard at the moment.</summary>
public sealed class OwnerUnknownException(string message, Exception? inner = null) : Exception(message, inner);
