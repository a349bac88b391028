using System.Text;
using EmbedStore.Testing;

namespace EmbedStore.Http.Tests;

/// <summary>What a table would take, over sockets, and every refusal.</summary>
public sealed class EstimateTests(TestServer server) : IClassFixture<TestServer>
{
    private static readonly string[] Tiers = ["memory", "row_cache", "index", "pages", "keys", "vocabulary", "device", "disk", "scratch", "log", "snapshots", "rows"];

    [Theory]
    [InlineData("""{"spec": {"shape": [50000, 8], "shards": 2}, "rows": 50000}""")]
    [InlineData("""{"shape": [50000, 8], "shards": 2, "rows": 50000}""")]
    [InlineData("""{"shape": [50000, 8], "shards": 2}""")]
    public async Task Estimate_TableThatIsThenFilled_HasTheSameTiers(string body)
    {
        Answer estimate = (await EstimateAsync(body)).Success();
        string table = await server.Api.NewAsync("[50000, 8]", ", \"shards\": 2");
        (await server.Api.PutAsync(table, "[:]", Elements.F32(EmbedStore.Tensors.TensorShape.Scalar, 1))).Success();
        Answer described = (await server.Api.GetAsync($"/v1/tables/{table}")).Success();

        Assert.Equal((50000, 2), (estimate["rows"].GetInt64(), estimate["shards"].GetInt32()));
        Assert.Equal(Tiers, estimate["bytes"].EnumerateObject().Select(static tier => tier.Name));
        foreach (string tier in Tiers.Where(static tier => tier is not ("disk" or "snapshots")))
        {
            long actual = described["stats"].GetProperty("bytes").GetProperty(tier).GetInt64();
            Assert.InRange(estimate["bytes"].GetProperty(tier).GetInt64(), actual * 95 / 100, actual * 105 / 100);
        }
    }

    [Theory]
    [InlineData("{}", "invalid_parameter", "shape")]
    [InlineData("""{"spec": 3}""", "invalid_parameter", "spec")]
    [InlineData("""{"spec": {"shape": [4]}, "shape": [4]}""", "unknown_parameter", "shape")]
    [InlineData("""{"spec": {"shape": [4], "rows": 1} }""", "unknown_parameter", "rows")]
    [InlineData("""{"shape": [4], "rows": 5}""", "invalid_parameter", "rows")]
    [InlineData("""{"shape": [4], "rows": -1}""", "invalid_parameter", "rows")]
    [InlineData("""{"shape": [4], "rows": "many"}""", "invalid_parameter", "rows")]
    [InlineData("""{"shape": ["*", 4]}""", "invalid_parameter", "rows")]
    [InlineData("""{"shape": [4], "tensors": {"a": 1} }""", "unknown_parameter", "tensors")]
    public async Task Estimate_Wrong_NamesTheField(string body, string code, string parameter) =>
        Expect.Refused(await EstimateAsync(body), 400, code, $"\"parameter\": \"{parameter}\"");

    [Fact]
    public async Task Estimate_BodyThatIsNotJson_IsRefused()
    {
        Expect.Refused(await server.Api.SendAsync(HttpMethod.Post, "/v1/estimate", new StringContent("{}", Encoding.UTF8, "text/plain")), 415, "unsupported_encoding");
        Expect.Refused(await EstimateAsync("{"), 400, "malformed_body");
    }

    private Task<Answer> EstimateAsync(string body) => server.Api.PostJsonAsync("/v1/estimate", body);
}
