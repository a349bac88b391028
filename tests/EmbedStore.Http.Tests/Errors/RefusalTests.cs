using System.Text;
using EmbedStore.Tensors;
using EmbedStore.Testing;

namespace EmbedStore.Http.Tests.Errors;

/// <summary>Each row of API section 5 that this version can give: status, code, fields, and that nothing was applied.</summary>
public class RefusalTests(TestServer server) : IClassFixture<TestServer>
{
    private ApiClient Api => server.Api;

    [Theory]
    [InlineData("gather", "index=[ids&x=1", """{"tensors": {"ids": [9]}}""", 400, "unknown_parameter", "\"parameter\": \"x\"")]
    [InlineData("gather", "index=[0]&index=[1]", null, 400, "conflicting_parameters", "\"parameter\": \"index\"")]
    [InlineData("gather", "index=[0]", """{"index": "[1]"}""", 400, "conflicting_parameters", "\"parameter\": \"index\"")]
    [InlineData("gather", "status=maybe", null, 400, "invalid_parameter", "\"parameter\": \"status\"")]
    [InlineData("gather", "index=[0]&dtype=F33", null, 400, "invalid_parameter", "\"parameter\": \"dtype\"")]
    [InlineData("gather", "index=[0]&missing=no", null, 400, "invalid_parameter", "\"parameter\": \"missing\"")]
    [InlineData("gather", "index=[0]&dialect=r", null, 400, "invalid_parameter", "\"parameter\": \"dialect\"")]
    [InlineData("gather", "index=[0]&permute=0,0", null, 400, "invalid_parameter", "\"parameter\": \"permute\"")]
    [InlineData("put", "accumulate=2", null, 400, "invalid_parameter", "\"parameter\": \"accumulate\"")]
    [InlineData("put", "dtype=F32", null, 400, "unknown_parameter", "\"parameter\": \"dtype\"")]
    [InlineData("bag", "mode=median", null, 400, "invalid_parameter", "\"parameter\": \"mode\"")]
    [InlineData("gather", "index=[0", null, 400, "malformed_subscript", "\"column\": 2")]
    [InlineData("gather", "index=", null, 400, "malformed_subscript", "\"column\": 0")]
    [InlineData("gather", "index=[::-1]", null, 400, "malformed_subscript", "\"column\": 1")]
    [InlineData("gather", "index=[0]", """{"tensors": {"ids": [1]}}""", 400, "unknown_tensor", "\"tensor\": \"ids\"")]
    [InlineData("gather", "index=[a, b]", """{"tensors": {"a": [1]}}""", 400, "missing_tensor", "\"tensor\": \"b\"")]
    [InlineData("gather", "", null, 400, "missing_tensor", "\"tensor\": \"ids\"")]
    [InlineData("put", "index=[0]", null, 400, "missing_tensor", "\"tensor\": \"values\"")]
    [InlineData("bag", "", """{"tensors": {"ids": [1]}}""", 400, "missing_tensor", "\"tensor\": \"offsets\"")]
    [InlineData("gather", "", """{"tensors": {"ids": [1.5]}}""", 400, "unsupported_dtype", "\"tensor\": \"ids\"")]
    [InlineData("put", "index=[0]", """{"tensors": {"values": [1.5]}}""", 400, "unsupported_dtype", "\"tensor\": \"values\"")]
    [InlineData("gather", "index=[0]&dtype=I8", null, 400, "unsupported_dtype", "\"tensor\": \"rows\"")]
    [InlineData("gather", "index=[0,0,0]", null, 400, "too_many_indices", "\"expected\": 2, \"actual\": 3")]
    [InlineData("gather", "index=[a,b]", """{"tensors": {"a": [1, 2], "b": [1, 2, 3]}}""", 400, "shape_mismatch", "")]
    [InlineData("put", "index=[0:2]", """{"tensors": {"values": [1, 2, 3]}}""", 400, "shape_mismatch", "\"expected\": [2, 2], \"actual\": [3]")]
    [InlineData("gather", "index=[m]", """{"tensors": {"m": [true, false]}}""", 400, "mask_mismatch", "\"expected\": [4], \"actual\": [2]")]
    [InlineData("gather", "index=[ids]", """{"tensors": {"ids": [[0, 1], [2, 4], [9, 0]]}}""", 400, "index_out_of_range", "\"tensor\": \"ids\", \"position\": [1, 1], \"dimension\": 0, \"index\": 4, \"size\": 4")]
    [InlineData("gather", "index=[0, ids]", """{"tensors": {"ids": [1, -3]}}""", 400, "index_out_of_range", "\"tensor\": \"ids\", \"position\": [1], \"dimension\": 1, \"index\": -3, \"size\": 2")]
    [InlineData("gather", "index=[:, 2]", null, 400, "index_out_of_range", "\"tensor\": null, \"position\": [], \"dimension\": 1, \"index\": 2, \"size\": 2")]
    [InlineData("put", "index=[ids]", """{"tensors": {"ids": [0, 1, 4], "values": 1}}""", 400, "index_out_of_range", "\"position\": [2], \"index\": 4")]
    [InlineData("erase", "index=[ids]", """{"tensors": {"ids": [0, 7]}}""", 400, "index_out_of_range", "\"position\": [1], \"index\": 7")]
    [InlineData("bag", "", """{"tensors": {"ids": [[0, -1]]}}""", 400, "unsupported_dtype", "")]
    [InlineData("gather", "index=[ids]", """{"tensors": {"ids": [1], "ids": [2]}}""", 400, "malformed_body", "\"offset\": 25")]
    [InlineData("gather", "index=[ids]", """{"tensors": {"ids": [[1], [2, 3]]}}""", 400, "malformed_body", "")]
    [InlineData("gather", "index=[ids]", """{"tensors": {"ids": {"dtype": "I64", "shape": [9223372036854775807, 4], "data": []}}}""", 400, "malformed_body", "")]
    [InlineData("gather", "index=[ids]", """{"tensors": {"ids": [[[[[[[[[1]]]]]]]]]}}""", 400, "malformed_body", "")]
    [InlineData("gather", "index=[ids]", """{"tensors": {"ids": [1]}""", 400, "malformed_body", "")]
    public async Task DataCall_Wrong_SaysWhatAndChangesNothing(string verb, string query, string? json, int status, string code, string fields)
    {
        string table = await Api.NewCountedAsync(4, 2);
        Answer answer = await Api.SendAsync(HttpMethod.Post, $"/v1/tables/{table}/{verb}?{query}", json is null ? null : new StringContent(json, Encoding.UTF8, "application/json"));
        Expect.Refused(answer, status, code, fields);
        await Api.GatherAsync(table, "[...]").HoldsAsync(0, 1, 2, 3, 4, 5, 6, 7);
    }

    /// <summary>Each request has two mistakes, the first of them listed earlier in section 5.</summary>
    [Theory]
    [InlineData("put", "index=[9]", """{"tensors": {"values": [1, 2, 3]}}""", "shape_mismatch")]
    [InlineData("put", "index=[ids]", """{"tensors": {"ids": [9], "values": [1, 2, 3]}}""", "shape_mismatch")]
    [InlineData("put", "index=[9]", """{"tensors": {"values": 1.5}}""", "unsupported_dtype")]
    [InlineData("put", "index=[0,0,0]", """{"tensors": {"values": 1.5}}""", "unsupported_dtype")]
    [InlineData("put", "index=[0,0,0]", null, "missing_tensor")]
    [InlineData("put", "index=[0]", """{"tensors": {"x": 1}}""", "unknown_tensor")]
    [InlineData("gather", "index=[0,0,0]&dtype=I8", null, "unsupported_dtype")]
    [InlineData("gather", "index=[9]&dtype=I8", null, "unsupported_dtype")]
    [InlineData("gather", "index=[a]&dtype=I8", null, "missing_tensor")]
    [InlineData("gather", "index=[a&dtype=I8", null, "malformed_subscript")]
    [InlineData("gather", "index=[a&dtype=F33", null, "invalid_parameter")]
    [InlineData("gather", "index=[9, ids, 0]", """{"tensors": {"ids": [9]}}""", "too_many_indices")]
    [InlineData("gather", "index=[a]&dtype=F33&x=1&status=true&status=false", null, "unknown_parameter")]
    [InlineData("gather", "index=[a]&dtype=F33&status=true&status=false", null, "conflicting_parameters")]
    [InlineData("gather", "index=[a]&x=1", "{", "malformed_body")]
    public async Task DataCall_WrongTwice_SaysWhatIsListedFirst(string verb, string query, string? json, string code)
    {
        string table = await Api.NewCountedAsync(4, 2);
        Answer answer = await Api.SendAsync(HttpMethod.Post, $"/v1/tables/{table}/{verb}?{query}", json is null ? null : new StringContent(json, Encoding.UTF8, "application/json"));
        Expect.Refused(answer, 400, code);
    }

    [Fact]
    public async Task Encoding_ThatIsNotSpoken_IsRefusedBeforeTheBodyIsRead()
    {
        string table = await Api.NewAsync("[4, 2]");
        string path = $"/v1/tables/{table}/gather?x=1";
        const string Supported = """ "supported": ["application/x-safetensors", "application/x-npy", "application/json"] """;
        Expect.Refused(await Api.SendAsync(HttpMethod.Post, path, new StringContent("{", Encoding.UTF8, "text/plain")), 415, "unsupported_encoding", Supported);
        Expect.Refused(await Api.PostJsonAsync(path, "{", "text/html"), 406, "unsupported_encoding", Supported);
        Expect.Refused(await Api.SendAsync(HttpMethod.Post, path, accept: "text/html"), 406, "unsupported_encoding", Supported);
        Expect.Refused(await Api.SendAsync(HttpMethod.Put, $"/v1/tables/{table}", new StringContent("[]", Encoding.UTF8, "text/plain")), 415, "unsupported_encoding", "\"supported\": [\"application/json\"]");
    }

    [Theory]
    [InlineData("gather")]
    [InlineData("put")]
    [InlineData("source")]
    [InlineData("bag")]
    [InlineData("erase")]
    public async Task Table_ThatIsNotThere_IsNotFound(string verb)
    {
        Expect.Refused(await Api.CallAsync("nobody", verb, verb == "bag" ? null : "[oops"), 404, "table_not_found", "\"table\": \"nobody\"");
        Expect.Refused(await Api.GetAsync("/v1/tables/nobody"), 404, "table_not_found", "\"table\": \"nobody\"");
        Expect.Refused(await Api.DropAsync("nobody"), 404, "table_not_found", "\"table\": \"nobody\"");
        Expect.Refused(await Api.GetAsync("/v1/tables/nobody/export"), 404, "table_not_found");
    }

    [Theory]
    [InlineData("..%2fx")]
    [InlineData("%2e%2e%2fx")]
    [InlineData("a%2fb")]
    [InlineData("-a")]
    [InlineData(".a")]
    [InlineData("a%20b")]
    [InlineData("%C3%A4")]
    [InlineData("a%0a")]
    public async Task Create_UnderANameThatIsNone_IsRefused(string name)
    {
        Expect.Refused(await Api.CreateAsync(name, """{"shape": [1]}"""), 400, "invalid_parameter", "\"parameter\": \"table\"");
        Assert.DoesNotContain(Directory.GetFileSystemEntries(Path.GetDirectoryName(server.DataFolder)!), static path => Path.GetFileName(path) == "x");
    }

    [Fact]
    public async Task Create_UnderALongName_IsAllowedTo128Characters()
    {
        Assert.Equal(201, (await Api.CreateAsync(new string('a', 128), """{"shape": [1]}""")).Status);
        Expect.Refused(await Api.CreateAsync(new string('a', 129), """{"shape": [1]}"""), 400, "invalid_parameter", "\"parameter\": \"table\"");
        string nul = await RawSocket.ExchangeAsync(server.Address, "PUT /v1/tables/a%00b HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 400", nul, StringComparison.Ordinal);
        Assert.Equal(404, (await Api.CreateAsync("../x", "{}")).Status);
    }

    [Theory]
    [InlineData("{}", "invalid_parameter", "shape")]
    [InlineData("""{"shape": [0, 2]}""", "invalid_parameter", "shape")]
    [InlineData("""{"shape": [1, 1, 1, 1, 1, 1, 1, 1, 1]}""", "invalid_parameter", "shape")]
    [InlineData("""{"shape": [9223372036854775807, 9223372036854775807]}""", "invalid_parameter", "shape")]
    [InlineData("""{"shape": [2, "*"]}""", "invalid_parameter", "shape")]
    [InlineData("""{"shape": [4], "dtype": "BOOL"}""", "invalid_parameter", "dtype")]
    [InlineData("""{"shape": [4], "dtype": "I8"}""", "invalid_parameter", "scale")]
    [InlineData("""{"shape": [4], "shards": 0}""", "invalid_parameter", "shards")]
    [InlineData("""{"shape": [4], "durability": "maybe"}""", "invalid_parameter", "durability")]
    [InlineData("""{"shape": [4], "initializer": {"kind": "uniform", "hi": 1}}""", "unknown_parameter", "initializer.hi")]
    [InlineData("""{"shape": [4], "initializer": {"kind": "uniform", "low": 2, "high": 1}}""", "invalid_parameter", "initializer")]
    [InlineData("""{"shape": [4], "initializer": {"kind": "constant", "value": 1e999}}""", "invalid_parameter", "initializer.value")]
    [InlineData("""{"shape": [4], "sharts": 4}""", "unknown_parameter", "sharts")]
    [InlineData("""{"shape": [4], "key": "uuid"}""", "invalid_parameter", "key")]
    [InlineData("""{"shape": [4], "tensors": {"a": 1}}""", "unknown_parameter", "tensors")]
    public async Task Create_WithAWrongSpec_NamesTheField(string spec, string code, string parameter)
    {
        string table = Tables.NewName();
        Expect.Refused(await Api.CreateAsync(table, spec), 400, code, $"\"parameter\": \"{parameter}\"");
        Assert.Equal(404, (await Api.GetAsync($"/v1/tables/{table}")).Status);
    }

    [Fact]
    public async Task Create_Again_IsTheSameOrAConflictThatNamesWhatDiffers()
    {
        string table = await Api.NewAsync("[4, 2]", ", \"shards\": 2");
        Assert.Equal(200, (await Api.CreateAsync(table, """{"shards": 2, "dtype": "F32", "shape": [4, 2], "ttl": null}""")).Status);
        Expect.Refused(await Api.CreateAsync(table, """{"shape": [5, 2], "dtype": "F16"}"""), 409, "table_exists", "\"differs\": [\"shape\", \"dtype\", \"shards\"]");
        Answer[] racers = await Task.WhenAll(Enumerable.Range(0, 16).Select(i => Api.CreateAsync(table + "-race", $$"""{"shape": [{{1 + (i % 2)}}, 2]}""")));
        Assert.Single(racers, static answer => answer.Status == 201);
        Assert.Equal(7, racers.Count(static answer => answer.Status == 200));
        Assert.Equal(8, racers.Count(static answer => answer.Code == "table_exists"));
    }

    [Theory]
    [InlineData("[:]")]
    [InlineData("[m]")]
    [InlineData("[...]")]
    [InlineData("[None, 0]")]
    [InlineData("[True]")]
    public async Task OpenVocabulary_SlicedOrMasked_IsRefused(string index)
    {
        string table = await Api.NewAsync("[\"*\", 2]");
        var tensors = new Dictionary<string, Tensor>();
        if (index == "[m]")
        {
            tensors["m"] = Elements.Mask(true, false);
        }

        Answer answer = await Api.GatherAsync(table, index, tensors);
        Expect.Refused(answer, 400, "open_dimension");
        Assert.True(answer.Json.TryGetProperty("expected", out _) && answer.Json.TryGetProperty("actual", out _));
        Expect.Refused(await Api.GetAsync($"/v1/tables/{table}/export?format=npy"), 400, "open_dimension");
    }

    [Theory]
    [InlineData("GET", "/v1/nothing", 404)]
    [InlineData("POST", "/v1/tables", 405)]
    [InlineData("GET", "/v1/tables/x/gather", 405)]
    [InlineData("PATCH", "/v1/tables/x", 405)]
    [InlineData("DELETE", "/health/live", 405)]
    public async Task PathOrVerb_ThatIsNotServed_IsAProblemToo(string verb, string path, int status)
    {
        Answer answer = await Api.SendAsync(new HttpMethod(verb), path);
        Assert.Equal((status, "application/problem+json"), (answer.Status, answer.MediaType));
        Assert.Equal(status == 405, answer.Headers.ContainsKey("allow"));
    }

    [Fact]
    public async Task Head_OfWhatCanBeGot_HasItsHeadersOnly()
    {
        string table = await Api.NewAsync("[4, 2]");
        foreach (string path in new[] { "/health/live", "/v1/tables", $"/v1/tables/{table}", $"/v1/tables/{table}/export", "/openapi/v1.json" })
        {
            Answer head = await Api.SendAsync(HttpMethod.Head, path);
            Assert.Equal(200, head.Status);
            Assert.Empty(head.Body);
        }

        Assert.Equal(404, (await Api.SendAsync(HttpMethod.Head, "/v1/tables/nobody")).Status);
    }
}
