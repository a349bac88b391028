using EmbedStore.Serving;
using EmbedStore.Shards;
using Microsoft.Extensions.Logging;

namespace EmbedStore.Cluster;

/// <summary>What a server does before it goes: it tells the others, and hands over what it has, one shard after the other, while it still serves.</summary>
internal sealed partial class ServerLeave(
    IGrainFactory grains,
    IShardHost host,
    LocalGrains local,
    ClusterView view,
    ServerSelf self,
    ShardMover mover,
    ILocalSiloDetails silo,
    ILogger<ServerLeave> logger)
{
    /// <summary>Of the time until the stop is forced, this part at most goes into preparing; moves go on without it.</summary>
    internal static readonly TimeSpan PrepareTimeMax = TimeSpan.FromSeconds(15);

    /// <summary>Hands over.</summary>
    /// <param name="cancellation">The stop is forced. What was not handed over is taken by others when this server is gone.</param>
    public async Task RunAsync(CancellationToken cancellation)
    {
        PeerServer[] others = [.. view.Current.Servers.Where(static server => !server.IsHere)];
        view.NoteLeaving(silo.SiloAddress);
        self.Leave();
        if (others.Length == 0)
        {
            return;
        }

        try
        {
            await Task.WhenAll(others.Select(TellAsync)).WaitAsync(cancellation);
            await MoveHomesAsync(cancellation);
            await MoveShardsAsync(cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            LogUnfinished(host.Taken.Count);
        }
    }

    private async Task TellAsync(PeerServer server)
    {
        try
        {
            await grains.GetGrain<IServerGrain>(server.Name).NoteLeavingAsync(silo.SiloAddress);
        }
        catch (Exception failure) when (failure is not OutOfMemoryException)
        {
            // It is gone, or will notice when this one is.
            LogUntold(server.Name, failure);
        }
    }

    private async Task MoveHomesAsync(CancellationToken cancellation)
    {
        foreach (string name in local.Homes)
        {
            await grains.GetGrain<IHomeGrain>(name).HandOverAsync(view.Self).WaitAsync(cancellation);
        }
    }

    private async Task MoveShardsAsync(CancellationToken cancellation)
    {
        using CancellationTokenSource prepare = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        prepare.CancelAfter(PrepareTimeMax);
        foreach (ShardKey shard in host.Taken)
        {
            cancellation.ThrowIfCancellationRequested();
            await mover.PrepareAsync(shard, prepare.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            try
            {
                await mover.MoveNowAsync(shard).WaitAsync(cancellation);
            }
            catch (Exception failure) when (failure is not (OperationCanceledException or OutOfMemoryException))
            {
                // Whoever should have it asks for it within a second.
                LogFailed(shard, failure);
            }
        }
    }

    [LoggerMessage(EmbedStoreTelemetry.Events.LeaveUnfinished, LogLevel.Warning, "The stop is forced with {ShardCount} shards not handed over; others take them when this server is gone")]
    private partial void LogUnfinished(int shardCount);

    [LoggerMessage(EmbedStoreTelemetry.Events.LeaveUntold, LogLevel.Warning, "{Server} could not be told that this server leaves")]
    private partial void LogUntold(string server, Exception failure);

    [LoggerMessage(EmbedStoreTelemetry.Events.LeaveFailed, LogLevel.Warning, "Shard {Shard} could not be handed over; others take it when this server is gone")]
    private partial void LogFailed(ShardKey shard, Exception failure);
}
