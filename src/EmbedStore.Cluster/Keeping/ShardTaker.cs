using EmbedStore.Serving;
using EmbedStore.Shards;
using Microsoft.Extensions.Logging;

namespace EmbedStore.Cluster;

/// <summary>Brings the shards here that should be here and are not, by asking where they are: a grain that is nowhere begins with that question.</summary>
internal sealed partial class ShardTaker(IGrainFactory grains, IShardHost host, LocalGrains local, ClusterView view, TimeProvider time, ILogger<ShardTaker> logger)
{
    /// <summary>Questions in flight at once.</summary>
    private const int QuestionCountMax = 32;

    /// <summary>A shard that turned out to be elsewhere is asked about again after this: its owner hands it over by itself.</summary>
    private static readonly TimeSpan AskAgainAfter = TimeSpan.FromSeconds(5);

    /// <summary>A list that takes longer to read is not waited for; the next round reads it again.</summary>
    private static readonly TimeSpan MembersTimeMax = TimeSpan.FromSeconds(2);

    private readonly Dictionary<ShardKey, long> _elsewhere = [];
    private readonly Dictionary<ShardKey, bool> _wanted = [];
    private HashSet<ShardKey> _suspects = [];
    private IReadOnlyList<string>? _candidates;

    /// <summary>Asks once about everything that is missing, opens again what could not be opened, and ends grains whose shards this server does not hold any more.</summary>
    public async Task RoundAsync(CancellationToken cancellation)
    {
        ClusterState state = view.Current;
        if (!state.Candidates.Contains(view.Self))
        {
            return;
        }

        IReadOnlyList<ShardKey> all = host.All;
        HashSet<ShardKey> taken = [.. host.Taken];
        ShardKey[] missing = [.. Wanted(state, all).Where(shard => !taken.Contains(shard) && IsDue(shard))];
        await Parallel.ForEachAsync(missing, new ParallelOptions { MaxDegreeOfParallelism = QuestionCountMax, CancellationToken = cancellation }, AskAsync);
        RetryFailed(taken);
        await RetireAsync(taken, cancellation);
    }

    private IEnumerable<ShardKey> Wanted(ClusterState state, IReadOnlyList<ShardKey> all)
    {
        if (_candidates is null || !_candidates.SequenceEqual(state.Candidates) || _wanted.Count > 2 * all.Count)
        {
            _candidates = state.Candidates;
            _wanted.Clear();
            _elsewhere.Clear();
        }

        foreach (ShardKey shard in all)
        {
            if (!_wanted.TryGetValue(shard, out bool here))
            {
                here = state.OwnerOf(shard) == view.Self;
                _wanted[shard] = here;
            }

            if (here)
            {
                yield return shard;
            }
        }
    }

    private bool IsDue(ShardKey shard)
    {
        lock (_elsewhere)
        {
            return !_elsewhere.TryGetValue(shard, out long asked) || time.GetElapsedTime(asked) >= AskAgainAfter;
        }
    }

    private async ValueTask AskAsync(ShardKey shard, CancellationToken cancellation)
    {
        OwnerAnswer? answer;
        try
        {
            answer = await grains.GetGrain<IShardGrain>(shard.ToString()).OwnerAsync().WaitAsync(cancellation);
        }
        catch (Exception failure) when (failure is not (OperationCanceledException or OutOfMemoryException))
        {
            // The next round asks again; the cluster is about to change, or has just changed.
            return;
        }

        lock (_elsewhere)
        {
            if (answer is not null && answer.Server != view.Self)
            {
                _elsewhere[shard] = time.GetTimestamp();
            }
            else
            {
                _elsewhere.Remove(shard);
            }
        }
    }

    private void RetryFailed(HashSet<ShardKey> taken)
    {
        foreach (ShardKey shard in local.Shards.Where(taken.Contains))
        {
            host.Retry(shard);
        }
    }

    /// <summary>A shard that was dropped, or claimed by another server, is not held here any more, but its grain still is. Twice in a row, because taking and releasing are under way for a moment.</summary>
    private async Task RetireAsync(HashSet<ShardKey> taken, CancellationToken cancellation)
    {
        HashSet<ShardKey> idle = [.. local.Shards.Where(shard => !taken.Contains(shard))];
        ShardKey[] retired = [.. idle.Where(_suspects.Contains)];
        _suspects = idle;
        if (retired.Length > 0 && await IsStillMemberAsync(cancellation))
        {
            foreach (ShardKey shard in retired)
            {
                await grains.GetGrain<IShardGrain>(shard.ToString()).RetireAsync(view.Self);
            }
        }
    }

    /// <summary>A grain that ends may begin here again, and claim its shard. Who claimed it knew the list of members as it was then: if that said that this server is gone, the list says so when it is read now.</summary>
    private async Task<bool> IsStillMemberAsync(CancellationToken cancellation)
    {
        try
        {
            await view.RefreshAsync(cancellation).WaitAsync(MembersTimeMax, time, cancellation);
        }
        catch (Exception failure) when (failure is not (OperationCanceledException or OutOfMemoryException))
        {
            LogUnconfirmed(failure);
            return false;
        }

        return view.Current.Candidates.Contains(view.Self);
    }

    [LoggerMessage(EmbedStoreTelemetry.Events.MembersUnread, LogLevel.Warning, "Shards are held elsewhere, and the list of members cannot be read to see whether that is right")]
    private partial void LogUnconfirmed(Exception failure);
}
