using System.Collections.Frozen;
using EmbedStore.Serving;

namespace EmbedStore.Cluster;

/// <summary>Who is in the cluster at one moment. Immutable.</summary>
internal sealed class ClusterState
{
    private readonly FrozenDictionary<string, PeerServer> _servers;
    private readonly FrozenDictionary<string, SiloAddress> _silos;
    private readonly PlacementServer[] _places;

    private ClusterState(IReadOnlyList<PeerServer> servers, IReadOnlyList<string> candidates, bool isAnyJoining, IReadOnlyDictionary<string, SiloAddress> silos)
    {
        Servers = servers;
        Candidates = candidates;
        IsAnyJoining = isAnyJoining;
        _servers = servers.ToFrozenDictionary(static server => server.Name);
        _silos = silos.ToFrozenDictionary();
        _places = [.. candidates.Select(static name => new PlacementServer(name))];
    }

    /// <summary>Every server that is not known to be gone, by name.</summary>
    public IReadOnlyList<PeerServer> Servers { get; }

    /// <summary>Names of those that shards may come to: full members that are not about to leave. Sorted.</summary>
    public IReadOnlyList<string> Candidates { get; }

    /// <summary>Whether somebody is in the list that will soon be a full member.</summary>
    public bool IsAnyJoining { get; }

    /// <summary>Reads a list of members.</summary>
    /// <param name="members">The list.</param>
    /// <param name="self">Name of this server.</param>
    /// <param name="isLeaving">Whether a member said that it is about to leave.</param>
    /// <param name="before">The state before: its servers are the same objects here, where nothing changed about them.</param>
    public static ClusterState Read(ClusterMembershipSnapshot members, string self, Func<SiloAddress, bool> isLeaving, ClusterState? before)
    {
        Dictionary<string, ClusterMember> newest = Newest(members);
        PeerServer[] servers = [.. newest.OrderBy(static pair => pair.Key, StringComparer.Ordinal).Select(pair => Server(pair.Key, pair.Value, self, before))];
        string[] candidates = [.. servers.Select(static server => server.Name)
            .Where(name => newest[name].Status == SiloStatus.Active && !isLeaving(newest[name].SiloAddress))];
        bool isAnyJoining = members.Members.Values.Any(static member => member.Status is SiloStatus.Created or SiloStatus.Joining);
        return new ClusterState(servers, candidates, isAnyJoining, newest.ToDictionary(static pair => pair.Key, static pair => pair.Value.SiloAddress));
    }

    /// <summary>The server of this name, or null.</summary>
    public PeerServer? Find(string name) => _servers.GetValueOrDefault(name);

    /// <summary>The member of this name, or null.</summary>
    public SiloAddress? SiloOf(string name) => _silos.GetValueOrDefault(name);

    /// <summary>Who should have a shard; null when nobody can.</summary>
    public string? OwnerOf(ShardKey shard) => _places.Length == 0 ? null : _places[RendezvousPlacement.Choose(shard, _places)].Name;

    /// <summary>Who should do what bears a name; null when nobody can.</summary>
    public string? HomeOf(string name) => _places.Length == 0 ? null : _places[RendezvousPlacement.Choose(name, _places)].Name;

    /// <summary>A server that was started again stands in the list twice, until the others know that the former is dead.</summary>
    private static Dictionary<string, ClusterMember> Newest(ClusterMembershipSnapshot members)
    {
        var newest = new Dictionary<string, ClusterMember>();
        foreach (ClusterMember member in members.Members.Values.Where(static member => member.Status is SiloStatus.Active or SiloStatus.ShuttingDown or SiloStatus.Stopping))
        {
            if (MemberName.Parse(member.Name) is { } name
                && (!newest.TryGetValue(name.Server, out ClusterMember? known) || known.SiloAddress.Generation < member.SiloAddress.Generation))
            {
                newest[name.Server] = member;
            }
        }

        return newest;
    }

    private static PeerServer Server(string name, ClusterMember member, string self, ClusterState? before)
    {
        var address = new UriBuilder(Uri.UriSchemeHttp, member.SiloAddress.Endpoint.Address.ToString(), MemberName.Parse(member.Name)!.Value.PeerPort).Uri;
        var server = new PeerServer(name, address, name == self);
        return before?.Find(name) is { } known && known == server ? known : server;
    }
}
