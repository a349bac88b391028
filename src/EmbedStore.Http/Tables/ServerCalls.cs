using System.Reflection;
using System.Text.Json.Nodes;
using EmbedStore.Serving;
using Microsoft.AspNetCore.Http;

namespace EmbedStore.Http;

/// <summary>Calls about the server itself: health, identity, the OpenAPI document.</summary>
internal sealed class ServerCalls(TableCatalog catalog, WarmUp warmUp)
{
    private const string OpenApiResource = "EmbedStore.Http.OpenApi.v1.json";

    /// <summary>Version of the server: the package's.</summary>
    public static string Version { get; } =
        typeof(ServerCalls).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

    public static Task LiveAsync(HttpContext context) => JsonAnswer.WriteAsync(context, new JsonObject { ["status"] = "live" });

    /// <summary>200 once every shard with rows on disk serves; 503 while shards recover and the read path warms up, and when one cannot.</summary>
    public Task ReadyAsync(HttpContext context)
    {
        string[] held = catalog.Tables.SelectMany(static table => table.Shards).Where(static slot => slot.IsHeldBack).Select(static slot => slot.Name).Take(16).ToArray();
        bool recovered = catalog.IsRecovered && warmUp.IsDone;
        bool ready = recovered && held.Length == 0;
        var body = new JsonObject
        {
            ["status"] = ready ? "ready" : recovered ? "degraded" : "starting",
            ["shards_held_back"] = new JsonArray(held.Select(static name => (JsonNode)name).ToArray()),
        };
        return JsonAnswer.WriteAsync(context, body, ready ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
    }

    public Task DescribeAsync(HttpContext context)
    {
        new RequestParameters(context.Request.Query).RequireKnown();
        TablePatterns seen = Grant.Of(context).Tables;
        List<Table> tables = [.. catalog.Tables.Where(table => seen.Covers(table.Name))];
        return JsonAnswer.WriteAsync(context, new JsonObject
        {
            ["name"] = Environment.MachineName,
            ["product"] = "EmbedStore",
            ["version"] = Version,
            ["devices"] = new JsonArray("cpu"),
            ["cores"] = Environment.ProcessorCount,
            ["tables"] = tables.Count,
            ["memory"] = new JsonObject
            {
                ["rows"] = tables.Sum(static table => TableBytes.Of(table, 0).Memory),
                ["process"] = Environment.WorkingSet,
            },
        });
    }

    public static async Task OpenApiAsync(HttpContext context)
    {
        await using Stream document = typeof(ServerCalls).Assembly.GetManifestResourceStream(OpenApiResource)!;
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = document.Length;
        await document.CopyToAsync(context.Response.Body, context.RequestAborted);
    }
}
