using EmbedStore.Serving;

namespace EmbedStore.Cluster;

/// <summary>Who is in the cluster, as this server knows it now.</summary>
/// <remarks>Thread-safe. A member that said that it is about to leave gets no more shards, although the list of members has it as a full one until it is gone.</remarks>
internal sealed class ClusterView(IClusterMembershipService membership, ClusterSettings settings)
{
    private readonly Lock _lock = new();
    private readonly HashSet<SiloAddress> _leaving = [];
    private (ClusterMembershipSnapshot Members, ClusterState State)? _read;

    /// <summary>Name of this server.</summary>
    public string Self => settings.ServerName;

    /// <summary>The state of now.</summary>
    public ClusterState Current
    {
        get
        {
            ClusterMembershipSnapshot members = membership.CurrentSnapshot;
            lock (_lock)
            {
                if (_read is not { } read || !ReferenceEquals(read.Members, members))
                {
                    _leaving.RemoveWhere(silo => !members.Members.TryGetValue(silo, out ClusterMember? member) || member.Status == SiloStatus.Dead);
                    read = (members, ClusterState.Read(members, Self, _leaving.Contains, _read?.State));
                    _read = read;
                }

                return read.State;
            }
        }
    }

    /// <summary>Ends when the list of members changes.</summary>
    public IAsyncEnumerable<ClusterMembershipSnapshot> Changes => membership.MembershipUpdates;

    /// <summary>Reads the list of members anew, from where all members write it: what stood there before this call is known when it ends.</summary>
    /// <remarks>Throws whatever reading it throws.</remarks>
    public async Task RefreshAsync(CancellationToken cancellation)
    {
        // The first may have been under way before this call: readers share one.
        await membership.Refresh(cancellationToken: cancellation);
        await membership.Refresh(cancellationToken: cancellation);
    }

    /// <summary>Remembers that a member is about to leave.</summary>
    public void NoteLeaving(SiloAddress silo)
    {
        lock (_lock)
        {
            _leaving.Add(silo);
            _read = null;
        }
    }

    /// <summary>Whether an answer about an owner can still be true.</summary>
    public bool IsLive(PeerServer server) => Current.Find(server.Name) is { } known && (ReferenceEquals(known, server) || known == server);
}
