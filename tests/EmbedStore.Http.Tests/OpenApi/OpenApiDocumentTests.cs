using System.Text.Json;
using System.Text.Json.Nodes;
using EmbedStore.Serving;
using EmbedStore.Tensors;
using EmbedStore.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;

namespace EmbedStore.Http.Tests.OpenApi;

/// <summary>The document says what the code says: routes, error codes, fields, defaults.</summary>
public sealed class OpenApiDocumentTests
{
    private static readonly string[] ExtraCodes = ["unknown_path", "method_not_allowed", "internal"];

    [Fact]
    public async Task It_lists_the_mapped_routes_and_verbs_and_no_others()
    {
        using var folder = new TemporaryFolder();
        IConfiguration settings = new ConfigurationBuilder().AddInMemoryCollection([new("EmbedStore:Data", folder["data"])]).Build();
        await using WebApplication app = EmbedStoreHost.Build(settings);
        IEnumerable<string> mapped =
            from endpoint in ((IEndpointRouteBuilder)app).DataSources.SelectMany(static source => source.Endpoints).OfType<RouteEndpoint>()
            from method in endpoint.Metadata.GetRequiredMetadata<HttpMethodMetadata>().HttpMethods
            where method != "HEAD" // Goes with every GET, as HTTP says.
            select $"{method} {endpoint.RoutePattern.RawText}";
        Assert.Equal(mapped.Order(), OpenApiDocument.Operations.Select(static call => $"{call.Method} {call.Path}").Order());
    }

    [Fact]
    public void Every_reference_points_at_something() =>
        Assert.All(OpenApiDocument.Objects(OpenApiDocument.Root).Where(static node => node.ContainsKey("$ref")), static node => OpenApiDocument.Object(node));

    [Fact]
    public void Error_codes_are_those_of_the_code_in_order_of_precedence()
    {
        IEnumerable<string> expected = Enum.GetValues<ErrorCode>().Select(ErrorStatus.NameOf).Concat(ExtraCodes);
        JsonObject problem = OpenApiDocument.Schema("Problem");
        Assert.Equal(expected, problem["properties"]!["code"]!["enum"]!.AsArray().Select(static code => (string)code!));
        Assert.Equal(expected, problem["x-codes"]!.AsObject().Select(static code => code.Key));
    }

    [Fact]
    public void Each_error_code_has_the_status_that_the_server_answers() =>
        Assert.All(Enum.GetValues<ErrorCode>(), static code =>
            Assert.Equal(ErrorStatus.StatusOf(code), (int)OpenApiDocument.Schema("Problem")["x-codes"]![ErrorStatus.NameOf(code)]!["status"]!));

    [Fact]
    public void Every_fact_of_an_error_code_is_a_field_of_the_problem() =>
        Assert.All(OpenApiDocument.Schema("Problem")["x-codes"]!.AsObject().SelectMany(static code => code.Value!["facts"]!.AsArray()), static fact =>
            Assert.True(OpenApiDocument.Schema("Problem")["properties"]!.AsObject().ContainsKey((string)fact!), (string)fact!));

    [Fact]
    public void A_tables_spec_has_the_fields_of_the_code_in_their_order() =>
        Assert.Equal(TableSpecJson.Write(Spec("""{"shape": [1]}""")).Select(static field => field.Key), SpecFields.Select(static field => field.Key));

    [Fact]
    public void A_tables_spec_has_the_defaults_of_the_code()
    {
        JsonObject written = TableSpecJson.Write(Spec("""{"shape": [1]}"""));
        JsonObject spelledOut = [];
        foreach ((string name, JsonNode? schema) in SpecFields.Where(static field => field.Value!.AsObject().ContainsKey("default")))
        {
            spelledOut[name] = schema!["default"]?.DeepClone();
        }

        // shape has no default; that of missing depends on the initializer.
        Assert.Equal(written.Select(static field => field.Key).Except(["shape", "missing"]), spelledOut.Select(static field => field.Key));
        Assert.All(spelledOut, field => Assert.True(JsonNode.DeepEquals(written[field.Key], field.Value), field.Key));
    }

    [Theory]
    [InlineData("Initializer", "initializer")]
    [InlineData("Optimizer", "optimizer")]
    public void Each_kind_has_the_parameters_and_defaults_of_the_code(string schema, string field)
    {
        foreach (JsonNode? kind in OpenApiDocument.Schema(schema)["oneOf"]!.AsArray())
        {
            JsonObject properties = kind!["properties"]!.AsObject();
            var name = (string)properties["kind"]!["const"]!;
            JsonObject written = TableSpecJson.Write(Spec($$"""{"shape": [1], "{{field}}": { "kind": "{{name}}" } }"""))[field]!.AsObject();
            Assert.Equal(written.Select(static parameter => parameter.Key), properties.Select(static parameter => parameter.Key));
            Assert.All(properties.Skip(1), parameter => Assert.Equal((double)written[parameter.Key]!, (double)parameter.Value!["default"]!));
        }
    }

    [Fact]
    public void Kinds_are_those_of_the_code() =>
        Assert.Equal(OptimizerSpec.Kinds, OpenApiDocument.Schema("Optimizer")["oneOf"]!.AsArray().Select(static kind => (string)kind!["properties"]!["kind"]!["const"]!));

    [Fact]
    public void Limits_of_shapes_are_those_of_the_code()
    {
        JsonObject properties = OpenApiDocument.Schema("TableSpec")["properties"]!.AsObject();
        Assert.Equal(TensorShape.RankMax, (int)properties["shape"]!["maxItems"]!);
        Assert.Equal(TableSpec.ShardCountMax, (int)properties["shards"]!["maximum"]!);
        Assert.Contains($"{TableSpec.RowWidthMax:N0} elements", (string)properties["shape"]!["description"]!, StringComparison.Ordinal);
        Assert.Equal(SubscriptParser.LengthMax, (int)OpenApiDocument.Schema("Index")["maxLength"]!);
        Assert.Equal(ElementTypes.Names, OpenApiDocument.Schema("ElementType")["enum"]!.AsArray().Select(static name => (string)name!));
    }

    [Fact]
    public void Defaults_that_are_settings_are_the_settings_defaults()
    {
        IEnumerable<(string Key, JsonNode? Default)> stated = OpenApiDocument.Root["x-limits"]!.AsObject().Select(static limit => (limit.Key, limit.Value!["default"]))
            .Concat(OpenApiDocument.Objects(OpenApiDocument.Root).Where(static node => node.ContainsKey("x-setting")).Select(static node => ((string)node["x-setting"]!, node["default"])));
        Assert.All(stated, static one => Assert.Equal(Setting.Find(one.Key)?.Default, one.Default!.ToJsonString(), ignoreCase: true));
    }

    [Fact]
    public void Every_limit_that_is_a_setting_is_listed() =>
        Assert.Equal(
            Setting.All.Select(static setting => setting.Key).Where(static key => key.StartsWith("EmbedStore:Limits:", StringComparison.Ordinal)).Order(),
            OpenApiDocument.Root["x-limits"]!.AsObject().Select(static limit => limit.Key).Order());

    private static JsonObject SpecFields => OpenApiDocument.Schema("TableSpec")["properties"]!.AsObject();

    private static TableSpec Spec(string json) =>
        TableSpecJson.Read(JsonElement.Parse(json).EnumerateObject().ToDictionary(static field => field.Name, static field => field.Value), new EmbedStoreOptions().Shards);
}
