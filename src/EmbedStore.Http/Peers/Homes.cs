using EmbedStore.Serving;
using Microsoft.AspNetCore.Http;

namespace EmbedStore.Http;

/// <summary>Which calls one server does for all: else two of them would decide the same thing differently.</summary>
internal static class Homes
{
    /// <summary>Changes of the catalog, snapshots and restores.</summary>
    public const string Catalog = "catalog";

    /// <summary>Writers share homes, so that the cluster has few.</summary>
    private const int WriterHomeCount = 64;

    private const string Tables = "/v1/tables";

    /// <summary>Where a call has its home; null when any server does it.</summary>
    public static string? Of(HttpRequest request) =>
        ChangesCatalog(request) ? Catalog
        : HttpMethods.IsPost(request.Method) && request.Headers[Headers.Writer] is [{ Length: > 0 } writer] ? $"writer/{TableWriters.HomeOf(writer, WriterHomeCount)}"
        : null;

    private static bool ChangesCatalog(HttpRequest request) =>
        request.Path.StartsWithSegments(Tables, out PathString rest)
        && (HttpMethods.IsPut(request.Method) || HttpMethods.IsDelete(request.Method)
            || (HttpMethods.IsPost(request.Method) && rest.Value!.Split('/') is [_, _, "snapshot" or "restore"]));
}
