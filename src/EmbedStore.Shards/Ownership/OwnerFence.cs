namespace EmbedStore.Shards;

/// <summary>Tells an owner whether the shard is still its own.</summary>
/// <remarks>Thread-safe. Once lost it stays lost.</remarks>
internal sealed class OwnerFence
{
    private readonly IDisk _disk;
    private readonly string _folder;
    private readonly TimeProvider _time;
    private readonly string _ownClaim;
    private readonly string _nextClaim;
    private readonly long _began;
    private long _confirmedAt;
    private volatile ShardClaimedException? _lost;

    /// <param name="disk">Where the folder is.</param>
    /// <param name="folder">Of the claims.</param>
    /// <param name="epoch">Of the owner, whose claim is whole.</param>
    /// <param name="time">Its timestamps go on while the process is stopped.</param>
    public OwnerFence(IDisk disk, string folder, long epoch, TimeProvider time)
    {
        (_disk, _folder, _time, Epoch) = (disk, folder, time, epoch);
        _ownClaim = Path.Combine(folder, OwnerClaims.NameOf(epoch));
        _nextClaim = Path.Combine(folder, OwnerClaims.NameOf(epoch + 1));
        _began = time.GetTimestamp();
        Require();
    }

    /// <summary>Of the owner.</summary>
    public long Epoch { get; }

    /// <summary>Time since the claim; not more than it really is.</summary>
    public TimeSpan Age => _time.GetElapsedTime(_began);

    /// <summary>Whether the loss is known. Asks nobody.</summary>
    public bool IsLost => _lost is not null;

    /// <summary>Asks the folder.</summary>
    /// <exception cref="ShardClaimedException">Somebody else has claimed the shard.</exception>
    /// <exception cref="IOException">The folder does not answer.</exception>
    public void Require()
    {
        if (_lost is { } lost)
        {
            throw new ShardClaimedException(_folder, lost.Epoch, lost.Owner, lost);
        }

        long began = _time.GetTimestamp();

        // In this order: claims are deleted oldest first, so while the next one is gone because it is old, the own one is gone too.
        if (_disk.FileExists(_nextClaim) || !_disk.FileExists(_ownClaim))
        {
            throw _lost = OwnerClaims.LostTo(_disk, _folder, Epoch + 1);
        }

        Interlocked.Exchange(ref _confirmedAt, began);
    }

    /// <summary>Asks the folder.</summary>
    /// <returns>False when the shard is lost, or the folder does not answer.</returns>
    public bool TryConfirm()
    {
        if (IsLost)
        {
            return false;
        }

        try
        {
            Require();
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Whether an error may come from the loss: the next owner deletes what this one still reads or writes, so that it looks like damage.</summary>
    public bool Explains(Exception error) => error is not (ShardClaimedException or OperationCanceledException) && !TryConfirm() && IsLost;

    /// <summary>What to throw instead of such an error.</summary>
    public ShardClaimedException LossBehind(Exception error) => new(_folder, _lost!.Epoch, _lost.Owner, error);

    /// <summary>Whether the shard was the owner's at some time within the last <paramref name="within"/>; asks the folder only when that is not known.</summary>
    public bool IsConfirmed(TimeSpan within) =>
        _lost is null && (_time.GetElapsedTime(Interlocked.Read(ref _confirmedAt)) < within || TryConfirm());
}
