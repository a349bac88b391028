using System.Text.Json.Nodes;
using EmbedStore.Serving;
using EmbedStore.Tensors;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace EmbedStore.Http;

/// <summary>The table calls of API section 3 that move no rows: create, list, describe, drop.</summary>
internal sealed class TableCalls(TableCatalog catalog, IOptions<EmbedStoreOptions> options)
{
    private static readonly string[] JsonOnly = ["application/json"];

    /// <summary>201 for a new table, 200 when an equal one is there.</summary>
    public async Task CreateAsync(HttpContext context)
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
        if (body.Tensors.Count > 0)
        {
            throw new EmbedStoreException(ErrorCode.UnknownParameter, "A table's spec has no field \"tensors\".", new Fact("parameter", "tensors"));
        }

        TableSpec spec = TableSpecJson.Read(body.Fields, options.Value.Shards);
        (Table table, bool isNew) = await catalog.CreateAsync(DataCalls.TableOf(context), spec, context.RequestAborted);
        if (isNew)
        {
            context.Response.Headers.Location = $"/v1/tables/{table.Name}";
        }

        await JsonAnswer.WriteAsync(context, TableDescription.Of(table), isNew ? StatusCodes.Status201Created : StatusCodes.Status200OK);
    }

    public Task ListAsync(HttpContext context)
    {
        RequireNoParameters(context);
        var tables = new JsonArray(catalog.Tables.Select(TableDescription.Spec).ToArray<JsonNode>());
        return JsonAnswer.WriteAsync(context, new JsonObject { ["tables"] = tables });
    }

    public async Task DescribeAsync(HttpContext context)
    {
        RequireNoParameters(context);
        using TableLease lease = catalog.Lease(DataCalls.TableOf(context));
        Headers.SetVersion(context, lease.Table.Version);
        await JsonAnswer.WriteAsync(context, TableDescription.Of(lease.Table));
    }

    /// <summary>Where a writer stands; 0 for one that never wrote, so that a trainer goes on with the next number in any case.</summary>
    public async Task DescribeWriterAsync(HttpContext context)
    {
        RequireNoParameters(context);
        using TableLease lease = catalog.Lease(DataCalls.TableOf(context));
        string writer = (string)context.Request.RouteValues["writer"]!;
        Headers.SetVersion(context, lease.Table.Version);
        WriterProgress progress = TableWriters.ProgressOf(lease.Table, writer);
        await JsonAnswer.WriteAsync(context, new JsonObject { ["writer"] = writer, ["sequence"] = progress.Sequence, ["epoch"] = progress.Epoch });
    }

    /// <summary>The table is gone when this answers; requests that were reading it have ended.</summary>
    public async Task DropAsync(HttpContext context)
    {
        RequireNoParameters(context);
        await catalog.DropAsync(DataCalls.TableOf(context), CancellationToken.None);
        context.Response.StatusCode = StatusCodes.Status204NoContent;
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
