using System.Text.Json;
using EmbedStore.Tensors;
using EmbedStore.Testing;

namespace EmbedStore.Http.Tests.Vocabulary;

/// <summary>Open vocabularies over sockets: time to live, admission, capacity, and what their rows read as.</summary>
public sealed class VocabularyTests(TestServer server) : IClassFixture<TestServer>
{
    private const string Whole = """, "ttl": 3600, "admission": {"min_count": 2}, "capacity": {"rows": 3, "evict": "lfu"}""";

    private ApiClient Api => server.Api;

    [Fact]
    public async Task Create_WithAVocabulary_IsDescribedAsItWasCreatedAndComparedWhole()
    {
        string table = await Api.NewAsync("[\"*\", 2]", Whole);

        JsonElement described = (await Api.GetAsync($"/v1/tables/{table}")).Success().Json;
        Assert.Equal(3600, described.GetProperty("ttl").GetInt32());
        Assert.Equal("""{"min_count":2}""", described.GetProperty("admission").GetRawText());
        Assert.Equal("""{"rows":3,"evict":"lfu"}""", described.GetProperty("capacity").GetRawText());
        Assert.Equal(0, described.GetProperty("stats").GetProperty("candidates").GetInt32());
        Assert.Equal(200, (await Api.CreateAsync(table, $$"""{"shape": ["*", 2]{{Whole}}}""")).Status);
        Expect.Refused(
            await Api.CreateAsync(table, """{"shape": ["*", 2], "ttl": 3601, "capacity": {"rows": 3}}"""), 409, "table_exists", "\"differs\": [\"ttl\", \"admission\", \"capacity\"]");
    }

    [Theory]
    [InlineData("[4, 2]", "\"admission\": {\"min_count\": 2}", "invalid_parameter", "admission")]
    [InlineData("[4, 2]", "\"capacity\": {\"rows\": 2}", "invalid_parameter", "capacity")]
    [InlineData("[4, 2]", "\"ttl\": 0", "invalid_parameter", "ttl")]
    [InlineData("[4, 2]", "\"ttl\": \"1h\"", "invalid_parameter", "ttl")]
    [InlineData("[\"*\", 2]", "\"admission\": {}", "invalid_parameter", "admission.min_count")]
    [InlineData("[\"*\", 2]", "\"capacity\": {\"rows\": 0}", "invalid_parameter", "capacity.rows")]
    [InlineData("[\"*\", 2]", "\"capacity\": {\"rows\": 2, \"evict\": \"random\"}", "invalid_parameter", "capacity.evict")]
    [InlineData("[\"*\", 2]", "\"capacity\": {\"rows\": 2, \"foo\": 1}", "unknown_parameter", "capacity.foo")]
    public async Task Create_WithABadVocabulary_NamesTheField(string shape, string field, string code, string parameter)
    {
        string table = Tables.NewName();
        Expect.Refused(await Api.CreateAsync(table, $$"""{"shape": {{shape}}, {{field}}}"""), 400, code, $"\"parameter\": \"{parameter}\"");
        Expect.Refused(await Api.GetAsync($"/v1/tables/{table}"), 404, "table_not_found");
    }

    [Fact]
    public async Task Gather_WithStatus_SaysWhyEachRowIsMissing()
    {
        string table = await Api.NewAsync("[\"*\", 1]", """, "admission": {"min_count": 2}, "capacity": {"rows": 2}, "shards": 3""");
        await PutAsync(table, 1, 2, 3);
        await PutAsync(table, 1, 2, 3);
        await PutAsync(table, 4);
        (await Api.CallAsync(table, "erase", tensors: ApiClient.Ids(2))).Success();

        Assert.Equal([4, 5, 0, 3, 1], await StatusesAsync(table, 1, 2, 3, 4, 5));
        await Api.GatherAsync(table, "[ids]", ApiClient.Ids(1, 2, 3, 4, 5)).HoldsAsync(0, 0, 3, 0, 0);
        JsonElement stats = (await Api.GetAsync($"/v1/tables/{table}")).Success()["stats"];
        Assert.Equal((1, 1), (stats.GetProperty("rows").GetInt32(), stats.GetProperty("candidates").GetInt32()));
        foreach (long id in (long[])[1, 2, 4, 5])
        {
            Expect.Refused(await Api.GatherAsync(table, "[ids]", ApiClient.Ids(3, id), "missing=error"), 404, "row_not_found", $"\"position\": [1], \"id\": {id}");
        }
    }

    [Fact]
    public async Task Gather_OfATableWithATimeToLive_ExpiresItsRows()
    {
        string table = await Api.NewAsync("[4, 1]", """, "ttl": 0.01, "initializer": {"kind": "constant", "value": 5}""");
        await PutAsync(table, 1);

        // The clock is the server's; the wait is for what it does.
        while ((await StatusesAsync(table, 1))[0] == 0)
        {
        }

        Assert.Equal([2, 1], await StatusesAsync(table, 1, 2));
        await Api.GatherAsync(table, "[1:3]").HoldsAsync(5, 5);
        (await Api.PutAsync(table, "[1]", Elements.F32(TensorShape.Of(1), 1), accumulate: true)).Success();
        float[] row = (await Api.GatherAsync(table, "[1]")).Rows().Floats();
        Assert.True(row[0] is 6 or 5, "Added onto the initial row, or expired again.");
    }

    [Fact]
    public async Task UpdatesAndImports_OfATableWithACapacity_KeepIt()
    {
        string table = await Api.NewAsync("[\"*\", 1]", """, "capacity": {"rows": 2}""");
        string body = $$"""
            {"features": [{"name": "a", "table": "{{table}}", "op": "put"}],
             "tensors": {"a.ids": [1, 2, 3], "a.values": {"dtype": "F32", "shape": [3, 1], "data": [1, 2, 3]} } }
            """;
        (await Api.PostJsonAsync("/v1/update", body)).Success();
        Assert.Equal([4, 0, 0], await StatusesAsync(table, 1, 2, 3));

        (await Api.SendAsync(HttpMethod.Post, $"/v1/tables/{table}/import?format=text", new ByteArrayContent("7 1\n8 2\n9 3\n"u8.ToArray()))).Success();

        Assert.Equal([4, 4, 4, 0, 0], await StatusesAsync(table, 2, 3, 7, 8, 9));
        Assert.Equal(2, (await Api.GetAsync($"/v1/tables/{table}")).Success()["stats"].GetProperty("rows").GetInt32());
    }

    private async Task PutAsync(string table, params long[] ids) =>
        (await Api.PutAsync(table, "[ids]", Tensor.Of(TensorShape.Of(ids.Length, 1), ids.Select(static id => (float)id).ToArray()), ApiClient.Ids(ids))).Success();

    private async Task<byte[]> StatusesAsync(string table, params long[] ids) =>
        (await Api.GatherAsync(table, "[ids]", ApiClient.Ids(ids), "status=true")).Tensors()["status"].Data.ToArray();
}
