using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace EmbedStore.Http;

/// <summary>The native API: every path that the server answers, what its caller's key must allow, and who does it.</summary>
internal static class EmbedStoreRoutes
{
    public static void MapEmbedStore(this IEndpointRouteBuilder routes)
    {
        IServiceProvider services = routes.ServiceProvider;
        var server = services.GetRequiredService<ServerCalls>();
        var tables = services.GetRequiredService<TableCalls>();
        var transfers = services.GetRequiredService<TransferCalls>();
        var snapshots = services.GetRequiredService<SnapshotCalls>();
        var data = services.GetRequiredService<DataCalls>();
        var lookups = services.GetRequiredService<LookupCalls>();
        var many = services.GetRequiredService<UpdateCalls>();

        routes.Map("GET", "/health/live", CallRule.Open, ServerCalls.LiveAsync);
        routes.Map("GET", "/health/ready", CallRule.Open, server.ReadyAsync);
        routes.Map("GET", "/openapi/v1.json", CallRule.Open, ServerCalls.OpenApiAsync);
        routes.Map("GET", "/v1/server", CallRule.Read, server.DescribeAsync);

        routes.Map("GET", "/v1/tables", CallRule.Read, tables.ListAsync);
        routes.Map("PUT", "/v1/tables/{table}", CallRule.Admin, tables.CreateAsync);
        routes.Map("GET", "/v1/tables/{table}", CallRule.Read, tables.DescribeAsync);
        routes.Map("DELETE", "/v1/tables/{table}", CallRule.Admin, tables.DropAsync);
        routes.Map("GET", "/v1/tables/{table}/writers/{writer}", CallRule.Read, tables.DescribeWriterAsync);
        routes.Map("POST", "/v1/tables/{table}/snapshot", CallRule.Admin, snapshots.TakeAsync);
        routes.Map("GET", "/v1/tables/{table}/snapshots", CallRule.Read, snapshots.ListAsync);
        routes.Map("POST", "/v1/tables/{table}/restore", CallRule.Admin, snapshots.RestoreAsync);
        routes.Map("GET", "/v1/tables/{table}/export", CallRule.Read, transfers.ExportAsync);
        routes.Map("POST", "/v1/tables/{table}/import", CallRule.Write, transfers.ImportAsync);

        routes.Map("POST", "/v1/tables/{table}/gather", CallRule.Read, data.GatherAsync);
        routes.Map("POST", "/v1/tables/{table}/put", CallRule.Write, data.PutAsync);
        routes.Map("POST", "/v1/tables/{table}/apply", CallRule.Write, data.ApplyAsync);
        routes.Map("POST", "/v1/tables/{table}/source", CallRule.Read, data.SourceAsync);
        routes.Map("POST", "/v1/tables/{table}/bag", CallRule.Read, data.BagAsync);
        routes.Map("POST", "/v1/tables/{table}/nearest", CallRule.Read, data.NearestAsync);
        routes.Map("POST", "/v1/tables/{table}/prefetch", CallRule.Read, data.PrefetchAsync);
        routes.Map("POST", "/v1/tables/{table}/erase", CallRule.Write, data.EraseAsync);
        routes.Map("POST", "/v1/estimate", CallRule.Read, tables.EstimateAsync);
        routes.Map("POST", "/v1/lookup", CallRule.Read, lookups.LookUpAsync);
        routes.Map("POST", "/v1/update", CallRule.Write, many.UpdateAsync);
    }

    /// <summary>What can be got can be asked for its headers alone: the server drops the body of an answer to HEAD.</summary>
    private static void Map(this IEndpointRouteBuilder routes, string method, string path, CallRule rule, RequestDelegate call) =>
        routes.MapMethods(path, HttpMethods.IsGet(method) ? [method, HttpMethods.Head] : [method], call).WithMetadata(rule);
}
