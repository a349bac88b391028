using System.Text;
using System.Text.Json.Nodes;
using EmbedStore.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;

namespace EmbedStore.Http.Tests.OpenApi;

/// <summary>The document's examples are a session with a server: each is sent, in order, and answered as it says. Each call takes the parameters that it lists.</summary>
public sealed class OpenApiExampleTests
{
    [Fact]
    public async Task Every_example_of_a_request_is_answered_as_the_document_says()
    {
        using var folder = new TemporaryFolder();
        await using WebApplication app = Server(folder);
        using HttpClient client = await ListenAsync(app);

        foreach (Example example in Examples().OrderBy(static example => example.Method == "DELETE"))
        {
            using var request = new HttpRequestMessage(new HttpMethod(example.Method), example.Path);
            request.Content = example.Body is null ? null : new StringContent(example.Body, Encoding.UTF8, example.MediaType);
            using HttpResponseMessage answer = await client.SendAsync(request);
            Check(example, answer, await answer.Content.ReadAsByteArrayAsync());
        }

        await app.StopAsync();
    }

    /// <summary>A call that is given a parameter it does not have names those that it has.</summary>
    [Fact]
    public async Task Every_call_takes_the_query_parameters_that_the_document_lists()
    {
        using var folder = new TemporaryFolder();
        await using WebApplication app = Server(folder);
        using HttpClient client = await ListenAsync(app);

        foreach ((string path, string method, JsonObject operation) in OpenApiDocument.Operations.Where(static call => call.Path.StartsWith("/v1/", StringComparison.Ordinal)))
        {
            using var request = new HttpRequestMessage(new HttpMethod(method), PathOf(path, null, "no_such_parameter=1"));
            request.Content = operation.ContainsKey("requestBody") ? new StringContent("{}", Encoding.UTF8, "application/json") : null;
            using HttpResponseMessage answer = await client.SendAsync(request);
            var detail = (string)JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["detail"]!;
            string[] names = [.. QueryParameters(operation)];
            Assert.True(detail.EndsWith($"this call takes {(names.Length == 0 ? "no parameters" : string.Join(", ", names))}.", StringComparison.Ordinal), $"{method} {path}: {detail}");
        }

        await app.StopAsync();
    }

    /// <summary>What rides in the query string rides in a JSON body too.</summary>
    [Fact]
    public void Every_body_of_tensors_has_the_query_parameters_as_fields() => Assert.All(
        OpenApiDocument.Operations.Where(static call => ((JsonArray?)call.Operation["tags"])!.Any(static tag => (string)tag! == "data")),
        static call => Assert.Equal(
            QueryParameters(call.Operation).Prepend("tensors"),
            OpenApiDocument.Object(call.Operation["requestBody"]!["content"]!["application/json"]!["schema"])["properties"]!.AsObject().Select(static field => field.Key)));

    [Fact]
    public void Every_example_of_an_answer_belongs_to_one_of_a_request() => Assert.All(
        OpenApiDocument.Operations,
        static call => Assert.Subset(
            Examples().Where(example => example.Operation == call.Operation).Select(static example => example.Name).ToHashSet(),
            Answers(call.Operation).SelectMany(static answer => answer.Value["examples"] as JsonObject ?? []).Select(static example => example.Key).ToHashSet()));

    private static WebApplication Server(TemporaryFolder folder) => EmbedStoreHost.Build(new ConfigurationBuilder()
        .AddInMemoryCollection([new("EmbedStore:Data", folder["data"]), new("EmbedStore:HttpPort", "0")]).Build());

    private static async Task<HttpClient> ListenAsync(WebApplication app) => new() { BaseAddress = new Uri((await app.ListenAsync()).Single()) };

    private static IEnumerable<string> QueryParameters(JsonObject operation) =>
        (operation["parameters"] as JsonArray ?? []).Select(OpenApiDocument.Object).Where(static parameter => (string)parameter["in"]! == "query").Select(static parameter => (string)parameter["name"]!);

    /// <summary>What a call without a body cannot do without, as the document's examples have it.</summary>
    private static string? RequiredQuery(JsonObject operation)
    {
        string query = string.Join('&', (operation["parameters"] as JsonArray ?? []).Select(OpenApiDocument.Object)
            .Where(static parameter => (string)parameter["in"]! == "query" && (bool?)parameter["required"] == true)
            .Select(static parameter => $"{parameter["name"]}={parameter["example"]}"));
        return query.Length > 0 ? query : null;
    }

    /// <summary>Every example of a body, and one call of each operation that takes none.</summary>
    private static IEnumerable<Example> Examples()
    {
        foreach ((string path, string method, JsonObject operation) in OpenApiDocument.Operations)
        {
            if (operation["requestBody"] is not { } body)
            {
                yield return new Example(operation, method, PathOf(path, null, RequiredQuery(operation)), "", null, "", FirstStatus(operation));
                continue;
            }

            foreach ((string mediaType, JsonNode? content) in body["content"]!.AsObject())
            {
                foreach ((string name, JsonNode? example) in content!["examples"] as JsonObject ?? [])
                {
                    JsonNode value = example!["value"]!;
                    if ((int?)example["x-status"] is not 400)
                    {
                        Assert.Empty(SchemaCheck.Faults(value, content["schema"], name));
                    }

                    string text = mediaType == "application/json" ? value.ToJsonString() : (string)value!;
                    string at = PathOf(path, (string?)example["x-table"], (string?)example["x-query"]);
                    yield return new Example(operation, method, at, mediaType, text, name, (int?)example["x-status"] ?? FirstStatus(operation));
                }
            }
        }
    }

    private static void Check(Example example, HttpResponseMessage answer, byte[] body)
    {
        string text = Encoding.UTF8.GetString(body);
        Assert.True(example.Status == (int)answer.StatusCode, $"{example.Method} {example.Path} {example.Name}: {(int)answer.StatusCode} {text}");
        JsonObject documented = OpenApiDocument.Object(example.Operation["responses"]![$"{example.Status}"]);
        Assert.All((documented["headers"] as JsonObject ?? []).Where(static header => !IsConditional(header.Value!)), header => Assert.True(answer.Headers.NonValidated.Contains(header.Key) || answer.Content.Headers.NonValidated.Contains(header.Key), $"{example.Name}: {header.Key}"));
        if (answer.Content.Headers.ContentType?.MediaType is not { } mediaType)
        {
            Assert.False(documented.ContainsKey("content"), example.Path);
            return;
        }

        JsonObject content = OpenApiDocument.Object(documented["content"]![mediaType]);
        if (!mediaType.EndsWith("json", StringComparison.Ordinal) || example.Path.StartsWith("/openapi", StringComparison.Ordinal))
        {
            return;
        }

        JsonNode json = JsonNode.Parse(text)!;
        Assert.Empty(SchemaCheck.Faults(json, content["schema"], example.Path));
        if (content["examples"]?[example.Name]?["value"] is { } expected)
        {
            Assert.True(JsonNode.DeepEquals(expected, json), $"{example.Method} {example.Path} {example.Name}: {text}");
        }
    }

    private static string PathOf(string path, string? table, string? query) =>
        path.Replace("{table}", table ?? (string)OpenApiDocument.Root["components"]!["parameters"]!["Table"]!["example"]!, StringComparison.Ordinal) + (query is null ? "" : "?" + query);

    private static int FirstStatus(JsonObject operation) => int.Parse(operation["responses"]!.AsObject().First().Key, System.Globalization.CultureInfo.InvariantCulture);

    private static IEnumerable<KeyValuePair<string, JsonObject>> Answers(JsonObject operation) =>
        from response in operation["responses"]!.AsObject()
        from content in OpenApiDocument.Object(response.Value)["content"] as JsonObject ?? []
        select KeyValuePair.Create(content.Key, OpenApiDocument.Object(content.Value));

    private sealed record Example(JsonObject Operation, string Method, string Path, string MediaType, string? Body, string Name, int Status);

    /// <summary>A header that only some answers carry says so.</summary>
    private static bool IsConditional(JsonNode header) =>
        OpenApiDocument.Root["components"]!["headers"]![((string)header["$ref"]!).Split('/')[^1]]!["required"] is JsonValue required && !(bool)required;
}
