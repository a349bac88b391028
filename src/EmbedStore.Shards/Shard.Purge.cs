namespace EmbedStore.Shards;

public sealed partial class Shard
{
    /// <summary>Rows of one purge record: few enough that updates do not wait long for it.</summary>
    private const int RowsPerPurge = 4096;

    private static readonly TimeSpan PurgeIntervalMax = TimeSpan.FromDays(1);

    private readonly ITimer? _purgeTimer;
    private int _isPurging;

    /// <summary>Brings expired rows to an end, so that they give memory and disk back: each becomes a header that says why it is gone.</summary>
    /// <returns>Rows that were purged.</returns>
    /// <exception cref="OperationCanceledException">The shard closes.</exception>
    /// <exception cref="ObjectDisposedException">The shard is closed.</exception>
    /// <exception cref="ShardDamagedException">Scratch gave back something else than was put there.</exception>
    /// <remarks>
    /// Reads and writes go on. What is purged stands in the log, and whether a row has expired is decided by the time of that record: a row that is written
    /// meanwhile stays. Slow: a lookup for each row of the shard.
    /// </remarks>
    internal Task<long> PurgeAsync()
    {
        ObjectDisposedException.ThrowIf(!_readGate.TryEnter(), this);
        return BackgroundThread.RunAsync(() =>
        {
            try
            {
                return Purge(new Pace(_closing.Token));
            }
            finally
            {
                _readGate.Leave();
            }
        });
    }

    /// <summary>On a thread of its own, so it may wait for commits.</summary>
    private long Purge(Pace pace)
    {
        long purged = 0;
        foreach (long[] rowIds in _rows.RowIds(Version, Rules.ExpiredBefore, expired: true, pace.Keep).Chunk(RowsPerPurge))
        {
            WriteReceipt receipt = CommitAsync(new RowWrite { Kind = RowWriteKind.Purge, RowIds = rowIds }, CancellationToken.None).AsTask().GetAwaiter().GetResult();
            if (receipt.Outcome != WriteOutcome.Committed)
            {
                break;
            }

            purged += receipt.RowCount;
        }

        return purged;
    }

    private ITimer? StartPurgeTimer()
    {
        if (_format.TimeToLiveMilliseconds is not { } timeToLive)
        {
            return null;
        }

        TimeSpan quarter = TimeSpan.FromMilliseconds(timeToLive / 4);
        TimeSpan interval = quarter > _options.PurgeInterval ? quarter : _options.PurgeInterval;
        interval = interval < PurgeIntervalMax ? interval : PurgeIntervalMax;
        return _options.Time.CreateTimer(_ => _ = PurgeInBackgroundAsync(), null, interval, interval);
    }

    private async Task PurgeInBackgroundAsync()
    {
        if (RowCount == 0 || Interlocked.Exchange(ref _isPurging, 1) != 0)
        {
            return;
        }

        try
        {
            await PurgeAsync().ConfigureAwait(false);
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException or ShardDamagedException)
        {
            // The shard closes; or it is damaged, and every read says so.
        }
        finally
        {
            Volatile.Write(ref _isPurging, 0);
        }
    }
}
