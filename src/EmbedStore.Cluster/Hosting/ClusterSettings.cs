using System.Net;

namespace EmbedStore.Cluster;

/// <summary>What a server must know to become a member of a cluster. Checked by whoever reads it from a source; every port is a real one.</summary>
public sealed record ClusterSettings
{
    /// <summary>Name of the cluster; servers of another name are strangers.</summary>
    public required string ClusterName { get; init; }

    /// <summary>Name of this server: 1 to 64 of <c>[A-Za-z0-9_.-]</c>, unique in the cluster and the same after each restart. Decides which shards come here.</summary>
    public required string ServerName { get; init; }

    /// <summary>Where the other members reach this one, and where it listens for them.</summary>
    public required IPEndPoint MemberEndpoint { get; init; }

    /// <summary>TCP port of the door for other servers, at the same address.</summary>
    public required int PeerPort { get; init; }

    /// <summary>TCP port of the members' gateway. Default: 0, which means none.</summary>
    public int GatewayPort { get; init; }

    /// <summary>Database of the members. Default: null, which means that the server at <see cref="Primary"/> knows them.</summary>
    public string? PostgresConnection { get; init; }

    /// <summary>The member endpoint of the server that knows the members when no database does. Default: null, which means this one.</summary>
    public IPEndPoint? Primary { get; init; }

    /// <summary>What members show each other. Default: null, which means no TLS.</summary>
    public MemberCertificates? Certificates { get; init; }
}
