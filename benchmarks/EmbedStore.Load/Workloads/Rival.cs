namespace EmbedStore.Load;

/// <summary>Whom a peer of this repository is compared with.</summary>
/// <param name="Name">As the table of results calls it.</param>
/// <param name="Peer">Null when it is not here.</param>
/// <param name="Reason">Why it is not; empty when it is.</param>
/// <param name="Goal">What the ratio is to reach, or null.</param>
internal sealed record Rival(string Name, IPeer? Peer, string Reason, Goal? Goal)
{
    public static Rival Redis(Optional<RedisPeer> peer, Goal? goal) => new("Redis MGET", peer.Value, peer.Reason, goal);

    public static Rival Memcached(Optional<MemcachedPeer> peer) => new("memcached get", peer.Value, peer.Reason, null);

    /// <summary>The line in which a peer of this repository is compared with it.</summary>
    /// <param name="rounds">Of contenders that are named as their peers are.</param>
    /// <param name="number">Which of their numbers.</param>
    public Line Compare(Rounds rounds, IPeer ours, string figure, Unit unit, int number = 0) =>
        Peer is null ? Line.NotRun(figure, Reason, Goal) : Line.Of(figure, rounds, ours.Name, Peer.Name, unit, Goal, number);
}
