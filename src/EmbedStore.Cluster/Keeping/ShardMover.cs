using EmbedStore.Serving;
using EmbedStore.Shards;
using Microsoft.Extensions.Logging;

namespace EmbedStore.Cluster;

/// <summary>Hands one shard over to the server that should have it.</summary>
internal sealed partial class ShardMover(IGrainFactory grains, IShardHost host, ClusterView view, TimeProvider time, ILogger<ShardMover> logger)
{
    /// <summary>The grain that let go ends a moment later; until then the new place is not asked for.</summary>
    private static readonly TimeSpan AskInterval = TimeSpan.FromMilliseconds(10);

    /// <summary>Longer than this, and the move is left to whoever should have the shard.</summary>
    private static readonly TimeSpan AskTimeMax = TimeSpan.FromSeconds(3);

    /// <summary>Prepares the move while the shard serves, lets go, and calls it back to life elsewhere.</summary>
    /// <param name="shard">Taken here.</param>
    /// <param name="cancellation">Ends the preparing, or prevents the move. A move that began is finished.</param>
    public async Task MoveAsync(ShardKey shard, CancellationToken cancellation)
    {
        await PrepareAsync(shard, cancellation);
        await MoveNowAsync(shard);
    }

    /// <summary>Moves without preparing.</summary>
    public async Task MoveNowAsync(ShardKey shard)
    {
        IShardGrain grain = grains.GetGrain<IShardGrain>(shard.ToString());
        long began = time.GetTimestamp();
        if (!await grain.HandOverAsync(view.Self))
        {
            // Its grain is elsewhere: this server was slow to notice that it lost the shard.
            await host.ReleaseAsync(shard);
        }

        await CallAsync(shard, grain, began);
    }

    private async Task CallAsync(ShardKey shard, IShardGrain grain, long began)
    {
        while (time.GetElapsedTime(began) < AskTimeMax)
        {
            try
            {
                OwnerAnswer? answer = await grain.OwnerAsync();
                LogMoved(shard, answer?.Server ?? "nowhere", time.GetElapsedTime(began).TotalMilliseconds);
                return;
            }
            catch (SiloUnavailableException)
            {
                await Task.Delay(AskInterval, time);
            }
        }

        LogUnmoved(shard);
    }

    /// <summary>Shortens the move, as far as that can be done.</summary>
    public async Task PrepareAsync(ShardKey shard, CancellationToken cancellation)
    {
        try
        {
            await host.PrepareHandOverAsync(shard, cancellation);
        }
        catch (Exception failure) when (failure is not (OperationCanceledException or OutOfMemoryException))
        {
            LogUnprepared(shard, failure);
        }
    }

    [LoggerMessage(EmbedStoreTelemetry.Events.ShardMoved, LogLevel.Information, "Handed shard {Shard} over to {Server}; nobody had it for {Milliseconds:0} ms")]
    private partial void LogMoved(ShardKey shard, string server, double milliseconds);

    [LoggerMessage(EmbedStoreTelemetry.Events.ShardUnmoved, LogLevel.Warning, "Shard {Shard} was let go of and has no new owner yet")]
    private partial void LogUnmoved(ShardKey shard);

    [LoggerMessage(EmbedStoreTelemetry.Events.HandOverUnprepared, LogLevel.Warning, "Shard {Shard} could not be prepared for its move; the next owner reads more of its log")]
    private partial void LogUnprepared(ShardKey shard, Exception failure);
}
