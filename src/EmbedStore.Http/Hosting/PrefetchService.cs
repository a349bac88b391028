using EmbedStore.Serving;
using Microsoft.Extensions.Hosting;

namespace EmbedStore.Http;

/// <summary>Brings rows into the row cache that were asked for ahead.</summary>
internal sealed class PrefetchService(RowPrefetcher queue) : BackgroundService
{
    /// <inheritdoc/>
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => queue.RunAsync(stoppingToken);
}
