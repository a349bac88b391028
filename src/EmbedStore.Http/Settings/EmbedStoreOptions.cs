using System.ComponentModel;

namespace EmbedStore.Http;

/// <summary>Everything about a server that can be set. Bound from the section <c>EmbedStore</c>.</summary>
/// <remarks>
/// <para>Sources: see <see cref="SettingsSources"/>. Rules: see <see cref="EmbedStoreOptionsValidator"/>; a server does not start when one is broken.</para>
/// <para>Read once at start; later changes of a source have no effect. Not thread-safe while it is being bound.</para>
/// </remarks>
public sealed class EmbedStoreOptions
{
    /// <summary>The configuration section this class is bound from.</summary>
    public const string SectionName = "EmbedStore";

    /// <summary>Folder of all tables; created when it is missing. A relative path counts from the current folder. Default: <c>./embedstore-data</c>. Not empty.</summary>
    [Description("folder of all tables")]
    public string Data { get; set; } = "./embedstore-data";

    /// <summary>Folder of this server alone, for what it may lose. A relative path counts from the current folder. Default: empty, which means a folder in <see cref="Data"/>. Servers that share <see cref="Data"/> have one each.</summary>
    [Description("folder of what may be lost, empty = in Data")]
    public string ScratchFolder { get; set; } = "";

    /// <summary>IP address of every door. Default: <c>127.0.0.1</c>. Range: loopback addresses, and any other once there are <see cref="Keys"/>.</summary>
    [Description("IP address of every door, loopback unless there are keys")]
    public string Address { get; set; } = "127.0.0.1";

    /// <summary>TCP port of the HTTP/1.1 door. Default: 7700. Range: [0, 65535]; 0 picks a free port. -1 (off) is refused as long as this is the only door.</summary>
    [Description("port of HTTP/1.1, 0 = a free one")]
    public int HttpPort { get; set; } = 7700;

    /// <summary>Unix domain socket on which HTTP/1.1 is served beside <see cref="HttpPort"/>, for clients on the same host. A relative path counts from the current folder. Default: empty, which means none. Range: a full path of at most 107 bytes, in a folder that exists.</summary>
    [Description("Unix domain socket of HTTP/1.1 for clients on this host, empty = none")]
    public string SocketPath { get; set; } = "";

    /// <summary>Folder in memory, such as <c>/dev/shm/embedstore</c>, through which a client on the same host may have its answers instead of over its connection. Created when it is missing; this server's alone. Default: empty, which means none.</summary>
    [Description("folder in memory for answers to clients on this host, empty = none")]
    public string SharedFolder { get; set; } = "";

    /// <summary>TCP port of the HTTP/2 (gRPC) door. Default: 7701. Range: [-1, 65535]; 0 picks a free port, -1 switches the door off.</summary>
    /// <remarks>This door is not built yet: the setting is checked and has no other effect.</remarks>
    [Description("port of HTTP/2 (not built yet), 0 = a free one, -1 = off")]
    public int Http2Port { get; set; } = 7701;

    /// <summary>TCP port of the Feast door. Default: 6566. Range: [-1, 65535]; 0 picks a free port, -1 switches the door off.</summary>
    /// <remarks>This door is not built yet: the setting is checked and has no other effect.</remarks>
    [Description("port of Feast (not built yet), 0 = a free one, -1 = off")]
    public int FeastPort { get; set; } = 6566;

    /// <summary>Shards of a new table that does not say. Unit: shards. Default: 4. Range: [1, 1024]; 1 means one write order for the whole table.</summary>
    [Description("shards of a new table that does not say")]
    public int Shards { get; set; } = 4;

    /// <summary>Longest time until a write of durability <c>interval</c> is on disk. Form: <c>hours:minutes:seconds</c>. Default: 100 ms. Range: [1 ms, 1 min].</summary>
    [Description("time until a write of durability \"interval\" is on disk")]
    public TimeSpan CommitInterval { get; set; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Keys that clients show, by name. Default: none, and then no call needs one. Range: 0 to <see cref="KeyOptions.CountMax"/> keys; names have 1 to 64 of <c>[A-Za-z0-9_.-]</c>.</summary>
    public Dictionary<string, KeyOptions> Keys { get; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>What one request, and all requests together, may take.</summary>
    public LimitOptions Limits { get; } = new();

    /// <summary>Memory and disk of the tables.</summary>
    public RowStoreOptions RowStore { get; } = new();

    /// <summary>When tables are written to snapshots of their own accord.</summary>
    public SnapshotOptions Snapshots { get; } = new();

    /// <summary>How this server joins others. Read by the silo program alone.</summary>
    public ClusterOptions Cluster { get; } = new();

    /// <summary>Where traces, metrics and logs go.</summary>
    public TelemetryOptions Telemetry { get; } = new();
}
