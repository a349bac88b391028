using EmbedStore.Serving;
using EmbedStore.Shards;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace EmbedStore.Http;

/// <summary>Takes over changes of the catalog that this server was not told of.</summary>
internal sealed partial class CatalogWatch(TableCatalog catalog, StorageOptions storage, ILogger<CatalogWatch> logger) : BackgroundService
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var clock = new PeriodicTimer(LookEvery, storage.Time);
        try
        {
            while (await clock.WaitForNextTickAsync(stoppingToken))
            {
                try
                {
                    await catalog.RefreshAsync(stoppingToken);
                }
                catch (Exception failure) when (failure is CatalogException or IOException or UnauthorizedAccessException)
                {
                    LogFailure(failure);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The server stops.
        }
    }

    [LoggerMessage(EmbedStoreTelemetry.Events.CatalogNotRead, LogLevel.Warning, "The catalog could not be read again; what is known is served")]
    private partial void LogFailure(Exception failure);
}
