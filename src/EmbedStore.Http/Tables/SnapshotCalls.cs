using System.Globalization;
using System.Text.Json.Nodes;
using EmbedStore.Serving;
using EmbedStore.Tensors;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;

namespace EmbedStore.Http;

/// <summary>The snapshot calls of API section 3.</summary>
/// <remarks>A caller that goes away does not end what it began; a server that stops does.</remarks>
internal sealed class SnapshotCalls(TableCatalog catalog, TableSnapshots snapshots, TableRestorer restorer, IHostApplicationLifetime lifetime)
{
    /// <summary>Writes a snapshot now, and answers when it is whole.</summary>
    public async Task TakeAsync(HttpContext context)
    {
        new RequestParameters(context.Request.Query).RequireKnown();
        using TableLease lease = catalog.Lease(DataCalls.TableOf(context));
        TableSnapshot snapshot = await UnlessStoppingAsync(snapshots.TakeAsync(lease.Table, lifetime.ApplicationStopping));
        Headers.SetVersion(context, lease.Table.Version);
        await JsonAnswer.WriteAsync(context, Describe(snapshot));
    }

    public async Task ListAsync(HttpContext context)
    {
        new RequestParameters(context.Request.Query).RequireKnown();
        using TableLease lease = catalog.Lease(DataCalls.TableOf(context));
        Headers.SetVersion(context, lease.Table.Version);
        await JsonAnswer.WriteAsync(context, new JsonObject { ["snapshots"] = new JsonArray(snapshots.List(lease.Table).Select(Describe).ToArray<JsonNode>()) });
    }

    /// <summary>Answers when reads get the rows of the snapshot.</summary>
    public async Task RestoreAsync(HttpContext context)
    {
        var parameters = new RequestParameters(context.Request.Query);
        parameters.RequireKnown("snapshot", "shards");
        long id = parameters.Integer("snapshot") ?? throw RequestParameters.Invalid("snapshot", "names the snapshot to go back to");
        long? shardCount = parameters.Integer("shards");
        if (shardCount is < 1 or > TableSpec.ShardCountMax)
        {
            throw RequestParameters.Invalid("shards", string.Create(CultureInfo.InvariantCulture, $"is in [1, {TableSpec.ShardCountMax}]; was {shardCount}"));
        }

        string name = DataCalls.TableOf(context);
        TableSnapshot restored = await UnlessStoppingAsync(restorer.RestoreAsync(name, id, (int?)shardCount, lifetime.ApplicationStopping));
        Headers.SetVersion(context, restored.Version);
        await JsonAnswer.WriteAsync(context, Describe(restored));
    }

    private static JsonObject Describe(TableSnapshot snapshot)
    {
        var json = new JsonObject
        {
            ["snapshot"] = snapshot.Id,
            ["version"] = snapshot.Version,
            ["rows"] = snapshot.RowCount,
            ["bytes"] = snapshot.ByteCount,
            ["shards"] = snapshot.ShardCount,
            ["created"] = snapshot.CreatedAt.UtcDateTime.ToString("O", CultureInfo.InvariantCulture),
        };
        if (snapshot.RestoredFrom is { } source)
        {
            json["restored_from"] = source;
        }

        return json;
    }

    private async Task<T> UnlessStoppingAsync<T>(Task<T> work)
    {
        try
        {
            return await work;
        }
        catch (OperationCanceledException) when (lifetime.ApplicationStopping.IsCancellationRequested)
        {
            throw new EmbedStoreException(ErrorCode.Stopping, "The server is stopping.", new Fact("shard", null));
        }
    }
}
