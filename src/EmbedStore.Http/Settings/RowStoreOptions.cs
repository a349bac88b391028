using System.ComponentModel;

namespace EmbedStore.Http;

/// <summary>Memory and disk of the tables. Bound from <c>EmbedStore:RowStore</c>.</summary>
public sealed class RowStoreOptions
{
    /// <summary>Memory for the rows of one table, all its shards together; rows beyond it live on disk. Unit: bytes. Default: 2 GiB. Range: [16 MiB, 16 TiB].</summary>
    [Description("bytes of memory for each table's rows")]
    public long MemoryBytes { get; set; } = 2L << 30;

    /// <summary>Disk space that writes leave free; a write that would go below is answered 507. Unit: bytes. Default: 64 MiB. Range: [1 MiB, 1 TiB].</summary>
    [Description("bytes kept free on the disk")]
    public long ReserveBytes { get; set; } = 64L << 20;

    /// <summary>Length at which a shard's log goes on in a new file. Unit: bytes. Default: 64 MiB. Range: [1 MiB, 1 GiB].</summary>
    [Description("bytes of one file of a shard's log")]
    public long LogSegmentBytes { get; set; } = 64L << 20;
}
