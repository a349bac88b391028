using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace EmbedStore.Shards;

/// <summary>What "acknowledged" promises of a write.</summary>
public enum Durability
{
    /// <summary>On stable storage.</summary>
    Commit,

    /// <summary>In the operating system's hands, so that a killed process loses nothing; on stable storage within <see cref="ShardOptions.CommitInterval"/>.</summary>
    Interval,

    /// <summary>In the operating system's hands; on stable storage when a segment is full or the shard is closed.</summary>
    None,
}

/// <summary>Sizes and promises of one shard. Not changed once the shard is open.</summary>
public sealed record ShardOptions
{
    /// <summary>Longest <see cref="OwnerName"/>. Unit: characters.</summary>
    public const int OwnerNameLengthMax = 256;

    private static readonly TimeSpan OwnerConfirmedWithinMax = TimeSpan.FromMinutes(1);

    /// <summary>Default: <see cref="Durability.Commit"/>.</summary>
    public Durability Durability { get; init; } = Durability.Commit;

    /// <summary>Longest time between a write and its flush with <see cref="Durability.Interval"/>. Default: 100 ms. Above 0.</summary>
    public TimeSpan CommitInterval { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Longest time until flushed records are marked as such in the log, which tells damage of the newest from an unfinished end. Default: 100 ms. Above 0, or infinite: only when the shard is closed.</summary>
    public TimeSpan MarkDelay { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>A log segment is closed before it grows past this; a larger group of writes gets one of its own. Unit: bytes. Default: 64 MiB. At least 4 KiB.</summary>
    public long SegmentByteCountMax { get; init; } = 64L << 20;

    /// <summary>Writes stop before less than this is free on the disk. Unit: bytes. Default: 64 MiB. At least 0.</summary>
    public long ReserveByteCount { get; init; } = 64L << 20;

    /// <summary>Memory for rows; what does not fit goes to scratch. Unit: bytes, rounded up to a power of two. Default: 64 MiB. Taken as rows come.</summary>
    public long MemoryByteCount { get; init; } = 64L << 20;

    /// <summary>What goes to scratch at a time. Unit: bytes, rounded up to a power of two that holds a row. Default: 1 MiB. At least 4 KiB.</summary>
    public long PageByteCount { get; init; } = 1L << 20;

    /// <summary>Rows for which the index is made: 16 bytes each, at once. More rows work, slower. Default: 65,536. At least 1.</summary>
    public long ExpectedRowCount { get; init; } = 1L << 16;

    /// <summary>Writes that may wait for a commit; further callers wait for a place. Default: 4,096. At least 1.</summary>
    public int WaitingWriteCountMax { get; init; } = 4096;

    /// <summary>Log bytes after which a group of writes takes no further one. Unit: bytes. Default: 16 MiB. At least 1.</summary>
    public long GroupByteCountMax { get; init; } = 16L << 20;

    /// <summary>Ids that are counted towards admission; with more of them the half whose last update is longest ago is forgotten. Default: 1,048,576, 32 to 96 bytes each. At least 1.</summary>
    public int CandidateCountMax { get; init; } = 1 << 20;

    /// <summary>Rows of which it is known why they are gone; then those that went first are forgotten, half of them at a time. Default: 4,194,304, 48 bytes each in the row store. At least 2.</summary>
    public long GoneRowCountMax { get; init; } = 1L << 22;

    /// <summary>Shortest time between two searches for expired rows; a quarter of the time to live where that is longer. Default: 1 min. Above 0.</summary>
    public TimeSpan PurgeInterval { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Counts the uses of rows, so that <see cref="Shard.Coldest"/> can tell which should make room; the same for all shards of a table. Default: uses are not counted.</summary>
    public UseClock? Uses { get; init; }

    /// <summary>Gets every change of a row. Not with a time to live or admission, which it does not know. Default: none.</summary>
    public IRowMirror? Mirror { get; init; }

    /// <summary>What keeps a second owner out. Default: <see cref="ShardOwnership.Lock"/>.</summary>
    public ShardOwnership Ownership { get; init; }

    /// <summary>What a claim says of who made it, such as a server's name and address: one line. Default: empty. At most <see cref="OwnerNameLengthMax"/> characters.</summary>
    public string OwnerName { get; init; } = "";

    /// <summary>How long ago <see cref="Shard.ConfirmOwner()"/> may have found the shard its own. Default: 1 s. Range: [0, 1 min]; 0 asks the folder each time.</summary>
    public TimeSpan OwnerConfirmedWithin { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Where log and scratch are. Default: the operating system's files.</summary>
    public IDisk Disk { get; init; } = PhysicalDisk.Instance;

    /// <summary>Stamps records, decides what has expired, and drives <see cref="CommitInterval"/>, <see cref="MarkDelay"/> and <see cref="PurgeInterval"/>. Default: the system's.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Default: none.</summary>
    public ILogger Logger { get; init; } = NullLogger.Instance;

    /// <exception cref="ArgumentOutOfRangeException">A value is outside its range.</exception>
    internal void Check()
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(CommitInterval, TimeSpan.Zero);
        if (MarkDelay != Timeout.InfiniteTimeSpan)
        {
            ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(MarkDelay, TimeSpan.Zero);
        }

        ArgumentOutOfRangeException.ThrowIfLessThan(SegmentByteCountMax, 4096);
        ArgumentOutOfRangeException.ThrowIfNegative(ReserveByteCount);
        ArgumentOutOfRangeException.ThrowIfLessThan(MemoryByteCount, 0);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(MemoryByteCount, 1L << 40);
        ArgumentOutOfRangeException.ThrowIfLessThan(PageByteCount, 4096);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(PageByteCount, 1L << 30);
        ArgumentOutOfRangeException.ThrowIfLessThan(ExpectedRowCount, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(ExpectedRowCount, 1L << 36);
        ArgumentOutOfRangeException.ThrowIfLessThan(WaitingWriteCountMax, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(GroupByteCountMax, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(CandidateCountMax, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(GoneRowCountMax, 2);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(PurgeInterval, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(OwnerConfirmedWithin, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(OwnerConfirmedWithin, OwnerConfirmedWithinMax);
        ArgumentNullException.ThrowIfNull(OwnerName);
        if (OwnerName.Length > OwnerNameLengthMax || OwnerName.AsSpan().ContainsAny('\r', '\n') || !Enum.IsDefined(Ownership))
        {
            throw new ArgumentOutOfRangeException(nameof(OwnerName), OwnerName, $"An owner's name is one line of at most {OwnerNameLengthMax} characters, and ownership is by lock or by epoch.");
        }
    }
}
