using System.ComponentModel;

namespace EmbedStore.Http;

/// <summary>When tables are written to snapshots of their own accord. Bound from <c>EmbedStore:Snapshots</c>.</summary>
public sealed class SnapshotOptions
{
    /// <summary>Log that a table gathers before it is due; a table whose snapshot is larger gathers as much as that. Unit: bytes. Default: 256 MiB. Range: [1 MiB, 1 PiB].</summary>
    [Description("bytes of log after which a table is due")]
    public long LogBytes { get; set; } = 256L << 20;

    /// <summary>Longest time that a table with new writes goes without. Form: <c>hours:minutes:seconds</c>. Default: 1 h. Range: [1 s, 365 days].</summary>
    [Description("longest time that new writes wait for a snapshot")]
    public TimeSpan Interval { get; set; } = TimeSpan.FromHours(1);
}
