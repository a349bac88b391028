using EmbedStore.Testing;

namespace EmbedStore.Http.Tests.Prefetch;

/// <summary>The call over sockets: answered at once, refused where it is wrong.</summary>
public sealed class PrefetchTests(TestServer server) : IClassFixture<TestServer>
{
    private ApiClient Api => server.Api;

    [Theory]
    [InlineData("[8, 2]")]
    [InlineData("[\"*\", 2]")]
    public async Task Prefetch_AnyTable_IsAcceptedAndChangesNoAnswer(string shape)
    {
        string table = await Api.NewAsync(shape);
        (await Api.PutAsync(table, "[ids]", Elements.F32(EmbedStore.Tensors.TensorShape.Of(2, 2), 1, 2, 3, 4), ApiClient.Ids(1, 5))).Success();

        Answer answer = await Api.CallAsync(table, "prefetch", null, ApiClient.Ids(1, 5, 7, 1), "hold=1000");

        Assert.Equal((202, 4), (answer.Status, answer["rows"].GetInt32()));
        for (int i = 0; i < 3; i++)
        {
            await Api.GatherAsync(table, null, ApiClient.Ids(5, 1, 7)).HoldsAsync(3, 4, 1, 2, 0, 0);
        }

        (await Api.PutAsync(table, "[1]", Elements.F32(EmbedStore.Tensors.TensorShape.Scalar, 9))).Success();
        await Api.GatherAsync(table, "[1]").HoldsAsync(9, 9);
    }

    [Theory]
    [InlineData("hold=-1", """{"tensors": {"ids": [1]}}""", 400, "invalid_parameter", "\"parameter\": \"hold\"")]
    [InlineData("hold=600001", """{"tensors": {"ids": [1]}}""", 400, "invalid_parameter", "\"parameter\": \"hold\"")]
    [InlineData("hold=long", """{"tensors": {"ids": [1]}}""", 400, "invalid_parameter", "\"parameter\": \"hold\"")]
    [InlineData("dtype=F16", """{"tensors": {"ids": [1]}}""", 400, "unknown_parameter", "\"parameter\": \"dtype\"")]
    [InlineData("", """{"tensors": {"ids": [8]}}""", 400, "index_out_of_range", "\"tensor\": \"ids\", \"position\": [0], \"index\": 8, \"size\": 8")]
    [InlineData("", "{}", 400, "missing_tensor", "\"tensor\": \"ids\"")]
    [InlineData("index=[a", "{}", 400, "malformed_subscript", "\"column\": 2")]
    public async Task Prefetch_Wrong_SaysWhat(string query, string json, int status, string code, string fields)
    {
        string table = await Api.NewAsync("[8, 2]");
        Expect.Refused(await SendAsync(table, query, json), status, code, fields);
        Assert.Equal(204, (await Api.DropAsync(table)).Status);
    }

    [Fact]
    public async Task Prefetch_TableThatIsNotThere_IsNotFound() =>
        Expect.Refused(await SendAsync("nobody", "", """{"tensors": {"ids": [1]}}"""), 404, "table_not_found", "\"table\": \"nobody\"");

    [Fact]
    public async Task Prefetch_MoreThanMayWait_IsOverloaded()
    {
        await using TestServer small = await TestServer.StartAsync(("Limits:IdsPerRequest", "10"));
        string table = await small.Api.NewAsync("[1000, 2]");
        Answer answer = await small.Api.CallAsync(table, "prefetch", "[:]");
        Expect.Refused(answer, 429, "overloaded", "\"limit\": 10");
        Assert.True(answer.Headers.ContainsKey("retry-after"));
        Assert.Equal(202, (await small.Api.CallAsync(table, "prefetch", "[:10]")).Status);
    }

    private Task<Answer> SendAsync(string table, string query, string json) =>
        Api.PostJsonAsync($"/v1/tables/{table}/prefetch?{query}", json);
}
