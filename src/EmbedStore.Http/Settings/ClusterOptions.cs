using System.ComponentModel;

namespace EmbedStore.Http;

/// <summary>How servers become one cluster. Bound from <c>EmbedStore:Cluster</c>. Only the silo program has any use for it.</summary>
public sealed class ClusterOptions
{
    /// <summary>On one machine, for development: the server that was started first knows the others, and the cluster ends with it.</summary>
    public const string Localhost = "localhost";

    /// <summary>By tables of a PostgreSQL database.</summary>
    public const string Postgres = "postgres";

    /// <summary>Name of the cluster; servers of another name are strangers. Default: <c>embedstore</c>. Range: 1 to 64 of <c>[A-Za-z0-9-]</c>.</summary>
    [Description("name of the cluster")]
    public string Id { get; set; } = "embedstore";

    /// <summary>Name of this server, unique in the cluster and the same after each restart: it decides which shards come here. Default: empty, which means the machine's name and <see cref="SiloPort"/>. Range: 0 to 64 of <c>[A-Za-z0-9_.-]</c>.</summary>
    [Description("name of this server, empty = machine and port")]
    public string SiloName { get; set; } = "";

    /// <summary>How servers find each other: <see cref="Localhost"/> or <see cref="Postgres"/>. Default: <see cref="Localhost"/>.</summary>
    [Description("how servers find each other: localhost or postgres")]
    public string Membership { get; set; } = Localhost;

    /// <summary>Where the servers of one machine meet: the silo port of the one that was started first. Unit: TCP port. Default: 11111. Range: [1, 65535]. Only with <see cref="Localhost"/>.</summary>
    [Description("silo port of the first server of this machine")]
    public int PrimaryPort { get; set; } = 11111;

    /// <summary>Connection string of the database of members. Only with <see cref="Postgres"/>. Default: empty.</summary>
    [Description("PostgreSQL connection string of the members' database")]
    public string PostgresConnection { get; set; } = "";

    /// <summary>IP address that other servers reach this one by. Default: <c>127.0.0.1</c>.</summary>
    [Description("IP address that other servers use")]
    public string AdvertisedAddress { get; set; } = "127.0.0.1";

    /// <summary>TCP port of the members' own talk. Default: 11111. Range: [0, 65535]; 0 picks a free port.</summary>
    [Description("port of the members' own talk, 0 = a free one")]
    public int SiloPort { get; set; } = 11111;

    /// <summary>TCP port of the members' gateway. Default: 0, which switches it off: nobody outside of the cluster needs it. Range: [0, 65535].</summary>
    [Description("port of the members' gateway, 0 = off")]
    public int GatewayPort { get; set; }

    /// <summary>TCP port of the door for other servers, through which rows travel. Default: 7790. Range: [0, 65535]; 0 picks a free port.</summary>
    [Description("port of rows between servers, 0 = a free one")]
    public int PeerPort { get; set; } = 7790;

    /// <summary>What servers show each other at the peer door. The same in all of them. Default: empty, which loopback addresses alone may have. Range: 0, or 32 to 256 characters.</summary>
    [Description("secret of the cluster's servers")]
    public string PeerKey { get; set; } = "";

    /// <summary>File with this server's certificate among the members, PEM. Every member shows one, whose authority is <see cref="AuthorityPath"/>. Default: empty, which means no TLS.</summary>
    [Description("PEM certificate among the members, empty = no TLS")]
    public string CertificatePath { get; set; } = "";

    /// <summary>File with the key of <see cref="CertificatePath"/>, PEM. Default: empty.</summary>
    [Description("PEM key of the certificate")]
    public string CertificateKeyPath { get; set; } = "";

    /// <summary>File with the certificate that vouches for those of all members, PEM. Default: empty.</summary>
    [Description("PEM certificate of the members' authority")]
    public string AuthorityPath { get; set; } = "";

    /// <summary>Age of a row of another server that a read gets when it does not say. Unit: milliseconds. Default: 0, which asks the owner. Range: [0, 86,400,000].</summary>
    [Description("milliseconds of age that reads allow by default, 0 = ask the owner")]
    public int StalenessMaxMilliseconds { get; set; }

    /// <summary>Memory for rows of shards that other servers own. Unit: bytes, of all tables together. Default: 256 MiB. Range: [1 MiB, 16 TiB].</summary>
    [Description("bytes of rows that other servers own")]
    public long PeerRowBytes { get; set; } = 256L << 20;

    /// <summary>How long a call waits for a shard that changes its owner. Form: <c>hours:minutes:seconds</c>. Default: 15 s. Range: [0, 5 min].</summary>
    [Description("how long a call waits while a shard moves")]
    public TimeSpan MoveWait { get; set; } = TimeSpan.FromSeconds(15);
}
