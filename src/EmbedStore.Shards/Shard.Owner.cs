namespace EmbedStore.Shards;

public sealed partial class Shard
{
    /// <summary>Of this opening: grows from owner to owner, and stands in each record of the log.</summary>
    public long OwnerEpoch => _log.OwnerEpoch;

    /// <summary>Whether it is known that another owner took the shard over: for good. Asks nobody; a shard that is lost may not know it yet. Always false with <see cref="ShardOwnership.Lock"/> in a folder that was never claimed.</summary>
    public bool IsFenced => _fence?.IsLost ?? false;

    /// <summary>Time since the claim that this opening made. Once it is longer than <see cref="ShardOptions.OwnerConfirmedWithin"/> no earlier owner believes to be one. Without end where a lock keeps others out.</summary>
    public TimeSpan OwnedFor => _fence?.Age ?? TimeSpan.MaxValue;

    /// <inheritdoc cref="ConfirmOwner(TimeSpan)"/>
    /// <remarks>Within <see cref="ShardOptions.OwnerConfirmedWithin"/>.</remarks>
    public bool ConfirmOwner() => ConfirmOwner(_options.OwnerConfirmedWithin);

    /// <summary>Whether this was the shard's only owner at some time within the last <paramref name="within"/>: then no other had acknowledged a write by that time, and rows that are read behind this call are no older.</summary>
    /// <param name="within">Zero: now, so that the folder is asked. Each commit asks too.</param>
    /// <returns>False when another owner took over, which is for good, or the folder does not answer, or the shard is closed.</returns>
    /// <remarks>Compares a timestamp, which goes on while the process is stopped; it need not while the whole machine is. Only when that is too old the folder is asked: microseconds on a local disk, a round trip elsewhere.</remarks>
    public bool ConfirmOwner(TimeSpan within) => Volatile.Read(ref _disposed) == 0 && (_fence is null || _fence.IsConfirmed(within));

    /// <summary>Takes a shard from its owner, and opens it not: nothing is acknowledged until somebody opens it with <see cref="ShardOwnership.Epoch"/>.</summary>
    /// <param name="disk">Where the folder is.</param>
    /// <param name="folder">Of the shard.</param>
    /// <param name="format">What its rows are made of.</param>
    /// <param name="ownerName">As of <see cref="ShardOptions.OwnerName"/>.</param>
    /// <exception cref="ShardClaimedException">Somebody else took it.</exception>
    /// <exception cref="ShardDamagedException">Who owned the shard cannot be read.</exception>
    public static void TakeAway(IDisk disk, string folder, RowFormat format, string ownerName) => OwnerClaims.Claim(disk, folder, format, ownerName);

    /// <summary>What a write is answered that is not refused for its own sake.</summary>
    private WriteOutcome Refusal => IsFenced ? WriteOutcome.NotOwner : WriteOutcome.Unavailable;

    /// <summary>A full disk's answer promises that nothing was kept: the owner alone can promise that, for another may have read it before it was cut off.</summary>
    private WriteOutcome RefusalOfFullDisk(DiskFullException full)
    {
        try
        {
            _fence?.Require();
            ShardLog.StorageFull(_options.Logger, _folder, full);
            return WriteOutcome.StorageFull;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Poison(error);
            return Refusal;
        }
    }
}
