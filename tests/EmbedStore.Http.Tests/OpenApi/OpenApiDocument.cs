using System.Text.Json.Nodes;

namespace EmbedStore.Http.Tests.OpenApi;

/// <summary>The OpenAPI document that the server publishes, with what tests look up in it.</summary>
internal static class OpenApiDocument
{
    private static readonly string[] Methods = ["get", "put", "post", "delete"];

    public static JsonObject Root { get; } = Read();

    /// <summary>Every operation, in the order of the document.</summary>
    public static IEnumerable<(string Path, string Method, JsonObject Operation)> Operations =>
        from path in Object(Root["paths"])
        from verb in Object(path.Value)
        where Methods.Contains(verb.Key)
        select (path.Key, verb.Key.ToUpperInvariant(), Object(verb.Value));

    public static JsonObject Schema(string name) => Object(Root["components"]!["schemas"]![name]);

    /// <summary>The node itself, or what its <c>$ref</c> points at.</summary>
    /// <exception cref="InvalidDataException">It points at nothing.</exception>
    public static JsonObject Object(JsonNode? node)
    {
        if (node is JsonObject { } reference && reference["$ref"] is { } pointer)
        {
            return Object(pointer.GetValue<string>().Split('/').Skip(1).Aggregate((JsonNode?)Root, static (at, name) => at?[name]));
        }

        return node as JsonObject ?? throw new InvalidDataException($"An object is expected, not {node?.ToJsonString() ?? "nothing"}.");
    }

    /// <summary>Every object of the document, whatever it is, from the outside in.</summary>
    public static IEnumerable<JsonObject> Objects(JsonNode? node) => node switch
    {
        JsonObject json => json.SelectMany(static member => Objects(member.Value)).Prepend(json),
        JsonArray list => list.SelectMany(Objects),
        _ => [],
    };

    private static JsonObject Read()
    {
        using Stream stream = typeof(EmbedStoreHost).Assembly.GetManifestResourceStream("EmbedStore.Http.OpenApi.v1.json")!;
        return JsonNode.Parse(stream)!.AsObject();
    }
}
