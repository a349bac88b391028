using EmbedStore.Serving;
using EmbedStore.Shards;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace EmbedStore.Cluster;

/// <summary>Sees to it that this server has the shards that it should have: takes those that nobody has, and hands over those that should be elsewhere.</summary>
internal sealed partial class ShardKeeper(
    IShardHost host,
    ClusterView view,
    ShardTaker taker,
    ShardMover mover,
    ServerLeave leave,
    PrimaryWait primary,
    LeftoverMembers leftovers,
    JoinTurn turn,
    TimeProvider time,
    ILogger<ShardKeeper> logger) : BackgroundService, IHostedLifecycleService
{
    /// <summary>Servers that start together find each other first, so that none takes what others will want: nothing is taken until the members have stayed the same for this long, and nobody is about to become one.</summary>
    internal static readonly TimeSpan SettlingTime = TimeSpan.FromSeconds(2);

    /// <summary>Members that come and go without an end are not waited for longer than this.</summary>
    internal static readonly TimeSpan SettlingTimeMax = TimeSpan.FromSeconds(10);

    /// <summary>A change of members wakes the keeper at once; this is for all other changes.</summary>
    internal static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    /// <summary>Shards move to a new member when the members have stayed the same for this long, so that a restart of many moves little.</summary>
    internal static readonly TimeSpan MoveAfter = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim _woken = new(0, 1);
    private readonly CancellationTokenSource _leaving = new();
    private Task _work = Task.CompletedTask;

    /// <summary>Makes the way free for the members' own service, which starts after this.</summary>
    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        await primary.RunAsync(cancellationToken);
        await leftovers.RunAsync(cancellationToken);
        await turn.TakeAsync(cancellationToken);
    }

    /// <summary>The members' own service has started: this server is one.</summary>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await turn.DisposeAsync();
        await base.StartAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Hands over everything while the doors are still open: other services stop only after this.</summary>
    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        await _leaving.CancelAsync();
        await _work.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await leave.RunAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public override void Dispose()
    {
        _leaving.Dispose();
        _woken.Dispose();
        base.Dispose();
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using CancellationTokenSource end = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken, _leaving.Token);
        _work = RunAsync(end.Token);
        await _work;
    }

    private async Task RunAsync(CancellationToken cancellation)
    {
        try
        {
            Task wake = WakeOnChangeAsync(cancellation);
            await SettleAsync(cancellation);
            await Task.WhenAll(wake, TakeAsync(cancellation), MoveAsync(cancellation));
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // The server stops.
        }
    }

    private async Task SettleAsync(CancellationToken cancellation)
    {
        const int StepCount = 20;
        long began = time.GetTimestamp();
        var members = new StableSince<string>(time);
        while (!IsSettled(view.Current, members) && time.GetElapsedTime(began) < SettlingTimeMax)
        {
            await Task.Delay(SettlingTime / StepCount, time, cancellation);
        }
    }

    private static bool IsSettled(ClusterState state, StableSince<string> members) => members.Of(state.Candidates) >= SettlingTime && !state.IsAnyJoining;

    private async Task WakeOnChangeAsync(CancellationToken cancellation)
    {
        string[] before = [];
        await foreach (ClusterMembershipSnapshot _ in view.Changes.WithCancellation(cancellation))
        {
            string[] now = [.. view.Current.Servers.Select(static server => server.Name)];
            Array.ForEach([.. now.Except(before)], LogCame);
            Array.ForEach([.. before.Except(now)], LogGone);
            before = now;
            if (_woken.CurrentCount == 0)
            {
                _woken.Release();
            }
        }
    }

    private async Task TakeAsync(CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            await RoundAsync("take", taker.RoundAsync, cancellation);
            await WaitAsync(cancellation);
        }
    }

    /// <summary>Apart from the taking: a snapshot before a move may take minutes.</summary>
    private async Task MoveAsync(CancellationToken cancellation)
    {
        var members = new StableSince<string>(time);
        while (!cancellation.IsCancellationRequested)
        {
            await Task.Delay(LookEvery, time, cancellation);
            await RoundAsync("move", end => MoveAllAsync(members, end), cancellation);
        }
    }

    /// <summary>One after the other, and none any more once the members have changed.</summary>
    private async Task MoveAllAsync(StableSince<string> members, CancellationToken cancellation)
    {
        foreach (ShardKey shard in host.Taken)
        {
            ClusterState state = view.Current;
            if (members.Of(state.Candidates) < MoveAfter)
            {
                return;
            }

            if (state.OwnerOf(shard) is { } wanted && wanted != view.Self)
            {
                await mover.MoveAsync(shard, cancellation);
            }
        }
    }

    private async Task RoundAsync(string what, Func<CancellationToken, Task> round, CancellationToken cancellation)
    {
        try
        {
            await round(cancellation);
        }
        catch (Exception failure) when (failure is not (OperationCanceledException or OutOfMemoryException))
        {
            // Of whatever kind: the next round tries again.
            LogRoundFailed(what, failure);
        }
    }

    private async Task WaitAsync(CancellationToken cancellation)
    {
        using CancellationTokenSource end = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        await Task.WhenAny(_woken.WaitAsync(end.Token), Task.Delay(LookEvery, time, end.Token));
        await end.CancelAsync();
        cancellation.ThrowIfCancellationRequested();
    }

    [LoggerMessage(EmbedStoreTelemetry.Events.MemberCame, LogLevel.Information, "{Server} is a member")]
    private partial void LogCame(string server);

    [LoggerMessage(EmbedStoreTelemetry.Events.MemberGone, LogLevel.Warning, "{Server} is no member any more")]
    private partial void LogGone(string server);

    [LoggerMessage(EmbedStoreTelemetry.Events.KeeperFailed, LogLevel.Warning, "A round to {What} shards failed; the next one tries again")]
    private partial void LogRoundFailed(string what, Exception failure);
}
