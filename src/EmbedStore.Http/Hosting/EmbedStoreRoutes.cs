using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace EmbedStore.Http;

/// <summary>The native API: every path that the server answers, and who does.</summary>
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

        routes.Map("GET", "/health/live", ServerCalls.LiveAsync);
        routes.Map("GET", "/health/ready", server.ReadyAsync);
        routes.Map("GET", "/openapi/v1.json", ServerCalls.OpenApiAsync);
        routes.Map("GET", "/v1/server", server.DescribeAsync);

        routes.Map("GET", "/v1/tables", tables.ListAsync);
        routes.Map("PUT", "/v1/tables/{table}", tables.CreateAsync);
        routes.Map("GET", "/v1/tables/{table}", tables.DescribeAsync);
        routes.Map("DELETE", "/v1/tables/{table}", tables.DropAsync);
        routes.Map("GET", "/v1/tables/{table}/writers/{writer}", tables.DescribeWriterAsync);
        routes.Map("POST", "/v1/tables/{table}/snapshot", snapshots.TakeAsync);
        routes.Map("GET", "/v1/tables/{table}/snapshots", snapshots.ListAsync);
        routes.Map("POST", "/v1/tables/{table}/restore", snapshots.RestoreAsync);
        routes.Map("GET", "/v1/tables/{table}/export", transfers.ExportAsync);
        routes.Map("POST", "/v1/tables/{table}/import", transfers.ImportAsync);

        routes.Map("POST", "/v1/tables/{table}/gather", data.GatherAsync);
        routes.Map("POST", "/v1/tables/{table}/put", data.PutAsync);
        routes.Map("POST", "/v1/tables/{table}/apply", data.ApplyAsync);
        routes.Map("POST", "/v1/tables/{table}/source", data.SourceAsync);
        routes.Map("POST", "/v1/tables/{table}/bag", data.BagAsync);
        routes.Map("POST", "/v1/tables/{table}/nearest", data.NearestAsync);
        routes.Map("POST", "/v1/tables/{table}/prefetch", data.PrefetchAsync);
        routes.Map("POST", "/v1/tables/{table}/erase", data.EraseAsync);
        routes.Map("POST", "/v1/estimate", tables.EstimateAsync);
        routes.Map("POST", "/v1/lookup", lookups.LookUpAsync);
        routes.Map("POST", "/v1/update", many.UpdateAsync);
    }

    /// <summary>What can be got can be asked for its headers alone: the server drops the body of an answer to HEAD.</summary>
    private static void Map(this IEndpointRouteBuilder routes, string method, string path, RequestDelegate call) =>
        routes.MapMethods(path, HttpMethods.IsGet(method) ? [method, HttpMethods.Head] : [method], call);
}
