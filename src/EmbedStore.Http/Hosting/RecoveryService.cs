using EmbedStore.Serving;
using EmbedStore.Shards;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace EmbedStore.Http;

/// <summary>Opens the shards while the server already answers: what has not recovered yet says so.</summary>
internal sealed partial class RecoveryService(TableCatalog catalog, ILogger<RecoveryService> logger) : BackgroundService
{
    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            foreach (ShardSlot slot in await catalog.RecoverAsync(stoppingToken))
            {
                LogHeldBack(slot.Name, slot.Failure?.Message ?? "");
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
