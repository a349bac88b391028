using EmbedStore.Shards;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace EmbedStore.Serving;

/// <summary>Where tables are kept, and what they may take. Checked by whoever read the settings.</summary>
/// <remarks>Immutable.</remarks>
public sealed record StorageOptions
{
    /// <summary>How long an owner believes itself without asking a shared folder; so long its successor waits before it serves, and no read is older than a write that was acknowledged.</summary>
    internal static readonly TimeSpan OwnerConfirmedWithin = TimeSpan.FromMilliseconds(200);

    /// <summary>The data folder; it exists, and nobody else serves it unless it <see cref="IsShared"/>.</summary>
    public required string Folder { get; init; }

    /// <summary>Folder of what this server may lose; nobody else uses it. Default: <c>scratch</c> in <see cref="Folder"/>.</summary>
    public string ScratchFolder { get => field ?? Path.Combine(Folder, "scratch"); init; }

    /// <summary>Whether other servers serve the same folder: then a shard is opened by whoever <see cref="IShardHost.Take">takes</see> it, and the catalog is read again when it changed.</summary>
    public bool IsShared { get; init; }

    /// <summary>What this server's claims in a shared folder say of it. Default: empty.</summary>
    public string OwnerName { get; init; } = "";

    /// <summary>Row bytes that one table may keep in memory; the rest is paged. Unit: bytes. Default: 2 GiB.</summary>
    public long TableMemoryByteCount { get; init; } = 2L << 30;

    /// <summary>The same for a table that is to be wholly in memory: of one that servers share no server has all rows. Unit: bytes.</summary>
    internal long ResidentMemoryByteCount => IsShared ? 0 : TableMemoryByteCount;

    /// <summary>Free disk below which writes are refused. Unit: bytes. Default: 64 MiB.</summary>
    public long ReserveByteCount { get; init; } = 64L << 20;

    /// <summary>Size at which a log goes on in a new file. Unit: bytes. Default: 64 MiB.</summary>
    public long LogSegmentByteCount { get; init; } = 64L << 20;

    /// <summary>Longest time until a write of durability <c>interval</c> is on disk. Default: 100 ms. Above 0.</summary>
    public TimeSpan CommitInterval { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>The file system of logs, rows and the catalog. Tests put a failing one here.</summary>
    public IDisk Disk { get; init; } = PhysicalDisk.Instance;

    /// <summary>Stamps rows and drives <see cref="CommitInterval"/>.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>A place for rows above the processor's memory. Default: none.</summary>
    public IRowTier? Tier { get; init; }

    /// <summary>Where shards report. Default: nowhere.</summary>
    public ILogger Logger { get; init; } = NullLogger.Instance;
}
