using System.Text.Json;
using System.Text.Json.Nodes;
using EmbedStore.Serving;
using EmbedStore.Tensors;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace EmbedStore.Http;

/// <summary>The table calls of API section 3 that move no rows: create, list, describe, drop, estimate.</summary>
internal sealed class TableCalls(TableCatalog catalog, IShardRouter router, UpdatePipeline updates, TableSnapshots snapshots, StorageOptions storage, IOptions<EmbedStoreOptions> options)
{
    private static readonly string[] JsonOnly = ["application/json"];

    /// <summary>201 for a new table, 200 when an equal one is there.</summary>
    public async Task CreateAsync(HttpContext context)
    {
        IReadOnlyDictionary<string, JsonElement> fields = await ReadFieldsAsync(context);
        TableSpec spec = TableSpecJson.Read(fields, ShardCountDefaultOf(fields));
        (Table table, bool isNew) = await catalog.CreateAsync(DataCalls.TableOf(context), spec, context.RequestAborted);
        if (isNew)
        {
            context.Response.Headers.Location = $"/v1/tables/{table.Name}";
        }

        await JsonAnswer.WriteAsync(context, await DescribeAsync(table, context.RequestAborted), isNew ? StatusCodes.Status201Created : StatusCodes.Status200OK);
    }

    /// <summary>Those that the caller's key is for.</summary>
    public Task ListAsync(HttpContext context)
    {
        RequireNoParameters(context);
        TablePatterns seen = Grant.Of(context).Tables;
        var tables = new JsonArray(catalog.Tables.Where(table => seen.Covers(table.Name)).Select(TableDescription.Spec).ToArray<JsonNode>());
        return JsonAnswer.WriteAsync(context, new JsonObject { ["tables"] = tables });
    }

    public async Task DescribeAsync(HttpContext context)
    {
        RequireNoParameters(context);
        using TableLease lease = catalog.Lease(DataCalls.TableOf(context));
        Headers.SetVersion(context, lease.Table.Version);
        await JsonAnswer.WriteAsync(context, await DescribeAsync(lease.Table, context.RequestAborted));
    }

    /// <summary>Where a writer stands; 0 for one that never wrote, so that a trainer goes on with the next number in any case.</summary>
    public async Task DescribeWriterAsync(HttpContext context)
    {
        RequireNoParameters(context);
        using TableLease lease = catalog.Lease(DataCalls.TableOf(context));
        string writer = (string)context.Request.RouteValues["writer"]!;
        Headers.SetVersion(context, lease.Table.Version);
        WriterProgress progress = await updates.ProgressOfAsync(lease.Table, writer, context.RequestAborted);
        await JsonAnswer.WriteAsync(context, new JsonObject { ["writer"] = writer, ["sequence"] = progress.Sequence, ["epoch"] = progress.Epoch });
    }

    /// <summary>The table is gone when this answers; requests that were reading it have ended.</summary>
    public async Task DropAsync(HttpContext context)
    {
        RequireNoParameters(context);
        await catalog.DropAsync(DataCalls.TableOf(context), CancellationToken.None);
        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    /// <summary>What a table would take. Nothing is created.</summary>
    public async Task EstimateAsync(HttpContext context)
    {
        IReadOnlyDictionary<string, JsonElement> fields = await ReadFieldsAsync(context);
        (TableSpec spec, long? rows) = TableSpecJson.ReadWithRows(fields, ShardCountDefaultOf(fields));
        TableEstimate estimate = TableEstimate.Of(spec, rows, storage);
        await JsonAnswer.WriteAsync(context, new JsonObject
        {
            ["rows"] = estimate.RowCount,
            ["shards"] = estimate.OpenShardCount,
            ["bytes"] = TableDescription.Bytes(estimate.Bytes),
        });
    }

    /// <summary>One where several would be refused.</summary>
    private int ShardCountDefaultOf(IReadOnlyDictionary<string, JsonElement> fields) =>
        storage.IsShared && fields.TryGetValue("capacity", out JsonElement capacity) && capacity.ValueKind != JsonValueKind.Null ? 1 : options.Value.Shards;

    private async ValueTask<JsonObject> DescribeAsync(Table table, CancellationToken cancellation) =>
        TableDescription.Of(table, await router.ReportAsync(table, cancellation), snapshots.List(table).Sum(static snapshot => snapshot.ByteCount));

    /// <summary>The fields of a JSON body without tensors, of a call without parameters.</summary>
    private async ValueTask<IReadOnlyDictionary<string, JsonElement>> ReadFieldsAsync(HttpContext context)
    {
        RequireJson(context.Request);
        (byte[]? rented, int length) = await RequestBody.ReadAsync(context.Request, options.Value.Limits.BodyBytes);
        JsonMessage body;
        try
        {
            body = JsonTensorReader.Read(rented.AsMemory(0, length));
        }
        finally
        {
            if (rented is not null)
            {
                System.Buffers.ArrayPool<byte>.Shared.Return(rented);
            }
        }

        RequireNoParameters(context);
        return body.Tensors.Count == 0
            ? body.Fields
            : throw new EmbedStoreException(ErrorCode.UnknownParameter, "A table's spec has no field \"tensors\".", new Fact("parameter", "tensors"));
    }

    private static void RequireNoParameters(HttpContext context) => new RequestParameters(context.Request.Query).RequireKnown();

    private static void RequireJson(HttpRequest request)
    {
        if (!ContentNegotiation.IsJson(request))
        {
            throw new EmbedStoreException(ErrorCode.UnsupportedEncoding, "A table's spec is JSON.", new Fact("supported", JsonOnly));
        }

        _ = ContentNegotiation.OfRequest(request);
    }
}
