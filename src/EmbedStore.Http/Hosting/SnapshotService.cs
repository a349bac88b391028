using EmbedStore.Serving;
using EmbedStore.Shards;
using EmbedStore.Tensors;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace EmbedStore.Http;

/// <summary>Takes a snapshot of each table that is due, one table after the other.</summary>
internal sealed partial class SnapshotService(TableCatalog catalog, ISnapshotTaker taker, SnapshotPolicy policy, StorageOptions storage, ILogger<SnapshotService> logger) : BackgroundService
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    /// <summary>A table whose snapshot failed is left alone for so long.</summary>
    private static readonly TimeSpan RestAfterFailure = TimeSpan.FromMinutes(1);

    private readonly Dictionary<long, DateTimeOffset> _resting = [];

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        DateTimeOffset started = storage.Time.GetUtcNow();
        using var clock = new PeriodicTimer(LookEvery, storage.Time);
        try
        {
            while (await clock.WaitForNextTickAsync(stoppingToken))
            {
                foreach (string name in catalog.Tables.Select(static table => table.Name))
                {
                    await TakeIfDueAsync(name, started, stoppingToken);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // A snapshot that was under way is gone, and the log is still whole.
        }
    }

    private async Task TakeIfDueAsync(string name, DateTimeOffset started, CancellationToken cancellation)
    {
        DateTimeOffset now = storage.Time.GetUtcNow();
        try
        {
            using TableLease lease = catalog.Lease(name);
            if (now < _resting.GetValueOrDefault(lease.Table.Id) || !taker.LooksAfter(lease.Table) || !policy.IsDue(lease.Table, started, now))
            {
                return;
            }

            // Noted beforehand, and taken back when all went well.
            _resting[lease.Table.Id] = now + RestAfterFailure;
            await taker.TakeAsync(lease.Table, cancellation);
            _resting.Remove(lease.Table.Id);
        }
        catch (EmbedStoreException gone) when (gone.Code is ErrorCode.TableNotFound or ErrorCode.Stopping)
        {
            // Dropped or replaced meanwhile.
        }
        catch (Exception failure) when (failure is not (OperationCanceledException or OutOfMemoryException))
        {
            // Of whatever kind: the other tables have theirs, and the server serves on.
            LogFailure(name, failure);
        }
    }

    [LoggerMessage(EmbedStoreTelemetry.Events.SnapshotFailed, LogLevel.Warning, "No snapshot of table {Table} could be taken; it is tried again")]
    private partial void LogFailure(string table, Exception failure);
}
