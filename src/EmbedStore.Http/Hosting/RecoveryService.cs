using EmbedStore.Serving;
using EmbedStore.Shards;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace EmbedStore.Http;

/// <summary>Opens the shards while the server already answers: what has not recovered yet says so. One that lacked room on its disk is tried again until there is.</summary>
internal sealed partial class RecoveryService(TableCatalog catalog, StorageOptions storage, WarmUp warmUp, ILogger<RecoveryService> logger) : BackgroundService
{
    private static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(5);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            IReadOnlyList<ShardSlot> heldBack = await catalog.RecoverAsync(stoppingToken);
            foreach (ShardSlot slot in heldBack)
            {
                LogHeldBack(slot.Name, slot.Failure?.Message ?? "");
            }

            await warmUp.RunAsync(stoppingToken);
            while (heldBack.Any(static slot => slot.Failure is DiskFullException))
            {
                await Task.Delay(RetryInterval, storage.Time, stoppingToken);
                heldBack = await catalog.RecoverAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Stopped while it recovered; the logs are as they were.
        }
    }

    [LoggerMessage(EmbedStoreTelemetry.Events.ShardHeldBack, LogLevel.Error, "Shard {Shard} does not serve: {Reason}")]
    private partial void LogHeldBack(string shard, string reason);
}
