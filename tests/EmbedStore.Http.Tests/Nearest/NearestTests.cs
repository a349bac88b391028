using EmbedStore.Tensors;
using EmbedStore.Testing;

namespace EmbedStore.Http.Tests.Nearest;

/// <summary>The call over sockets: shapes, types, defaults, and every refusal.</summary>
public sealed class NearestTests(TestServer server) : IClassFixture<TestServer>
{
    private ApiClient Api => server.Api;

    [Theory]
    [InlineData(WireFormat.Json)]
    [InlineData(WireFormat.Safetensors)]
    [InlineData(WireFormat.Npy)]
    public async Task Nearest_EachEncoding_FindsRowsByDistance(WireFormat format)
    {
        string table = await Api.NewAsync("[5, 2]");
        (await Api.PutAsync(table, "[:]", Elements.F32(TensorShape.Of(5, 2), 0, 0, 3, 4, 6, 8, 0, 1, 1, 0))).Success();

        Answer answer = (await CallAsync(table, Elements.F32(TensorShape.Of(2, 2), 0, 0, 3, 3), "k=3", format)).Success();

        if (format == WireFormat.Npy)
        {
            Assert.Equal([0, 3, 4, 1, 3, 4], NpyReader.Read(answer.Body).Integers());
            return;
        }

        IReadOnlyDictionary<string, Tensor> tensors = answer.Tensors();
        Assert.Equal(["exact", "ids", "scores"], tensors.Keys.Order());
        Assert.Equal((ElementType.I64, ElementType.F32, ElementType.Bool), (tensors["ids"].Type, tensors["scores"].Type, tensors["exact"].Type));
        Assert.Equal((TensorShape.Of(2, 3), TensorShape.Of(2, 3), TensorShape.Of(2)), (tensors["ids"].Shape, tensors["scores"].Shape, tensors["exact"].Shape));
        Assert.Equal([0, 3, 4, 1, 3, 4], tensors["ids"].Integers());
        Assert.Equal([0, 1, 1, 1, MathF.Sqrt(13), MathF.Sqrt(13)], tensors["scores"].Floats());
        Assert.Equal([1, 0], tensors["exact"].Data.ToArray());
        Assert.True(answer.Headers.ContainsKey("embedstore-version"));
    }

    [Fact]
    public async Task Nearest_Defaults_AreTenRowsByL2()
    {
        string table = await Api.NewAsync("[3]");
        Answer answer = (await CallAsync(table, Elements.F32(TensorShape.Of(1, 1), 2))).Success();
        Assert.Equal([0, 1, 2, -1, -1, -1, -1, -1, -1, -1], answer.Tensors()["ids"].Integers());
        Assert.Equal(Enumerable.Repeat(2f, 3).Concat(Enumerable.Repeat(float.PositiveInfinity, 7)), answer.Tensors()["scores"].Floats());
    }

    [Fact]
    public async Task Nearest_OpenVocabulary_FindsRowsThatExist()
    {
        string table = await Api.NewAsync("[\"*\", 2]");
        Answer none = (await CallAsync(table, Elements.F32(TensorShape.Of(1, 2), 1, 1), "k=1")).Success();
        (await Api.PutAsync(table, "[ids]", Elements.F32(TensorShape.Of(2, 2), 1, 1, 2, 2), ApiClient.Ids(-5, long.MaxValue))).Success();
        Answer two = (await CallAsync(table, Elements.F32(TensorShape.Of(1, 2), 1, 1), "k=2&metric=dot")).Success();
        Assert.Equal([-1], none.Tensors()["ids"].Integers());
        Assert.Equal([long.MaxValue, -5], two.Tensors()["ids"].Integers());
    }

    [Fact]
    public async Task Nearest_NoQueries_AnswersNone()
    {
        string table = await Api.NewAsync("[3, 2]");
        IReadOnlyDictionary<string, Tensor> tensors = (await CallAsync(table, Elements.F32(TensorShape.Of(0, 2)))).Success().Tensors();
        Assert.Equal((TensorShape.Of(0, 10), TensorShape.Of(0)), (tensors["ids"].Shape, tensors["exact"].Shape));
    }

    [Theory]
    [InlineData("k=0", "[[1, 1]]", "invalid_parameter", "\"parameter\": \"k\"")]
    [InlineData("k=1025", "[[1, 1]]", "invalid_parameter", "\"parameter\": \"k\"")]
    [InlineData("k=ten", "[[1, 1]]", "invalid_parameter", "\"parameter\": \"k\"")]
    [InlineData("k=99999999999999999999", "[[1, 1]]", "invalid_parameter", "\"parameter\": \"k\"")]
    [InlineData("metric=l1", "[[1, 1]]", "invalid_parameter", "\"parameter\": \"metric\"")]
    [InlineData("missing=no", "[[1, 1]]", "invalid_parameter", "\"parameter\": \"missing\"")]
    [InlineData("index=[0]", "[[1, 1]]", "unknown_parameter", "\"parameter\": \"index\"")]
    [InlineData("", "[1, 1]", "shape_mismatch", "\"tensor\": \"queries\", \"expected\": \"[Q, 2]\", \"actual\": [2]")]
    [InlineData("", "[[1, 1, 1]]", "shape_mismatch", "\"tensor\": \"queries\", \"actual\": [1, 3]")]
    [InlineData("", "[[true, false]]", "unsupported_dtype", "\"tensor\": \"queries\"")]
    public async Task Nearest_Wrong_SaysWhat(string query, string queries, string code, string fields)
    {
        string table = await Api.NewAsync("[3, 2]");
        Expect.Refused(await SendAsync(table, query, $$"""{"tensors": {"queries": {{queries}} } }"""), 400, code, fields);
    }

    [Fact]
    public async Task Nearest_WrongTensorsOrTable_AreRefused()
    {
        string table = await Api.NewAsync("[3, 2]");
        Expect.Refused(await SendAsync(table, "", "{}"), 400, "missing_tensor", "\"tensor\": \"queries\"");
        Expect.Refused(await SendAsync(table, "", """{"tensors": {"queries": [[1, 1]], "ids": [1]}}"""), 400, "unknown_tensor", "\"tensor\": \"ids\"");
        Expect.Refused(await SendAsync("nobody", "", """{"tensors": {"queries": [[1, 1]]}}"""), 404, "table_not_found", "\"table\": \"nobody\"");
        Expect.Refused(await SendAsync(await Api.NewAsync("[2, 3, 4]"), "", """{"tensors": {"queries": [[1, 1]]}}"""), 400, "shape_mismatch");
        Expect.Refused(await SendAsync(await Api.NewAsync("[4294967297, 2]"), "", """{"tensors": {"queries": [[1, 1]]}}"""), 413, "result_too_large", "\"limit\": 4294967296, \"size\": 4294967297");
        var wide = new Dictionary<string, Tensor> { ["queries"] = Elements.Of(ElementType.I8, TensorShape.Of(1 << 17, 1), new double[1 << 17]) };
        Expect.Refused(await Api.CallAsync(await Api.NewAsync("[4]"), "nearest", null, wide, "k=1024"), 413, "result_too_large");
    }

    private Task<Answer> CallAsync(string table, Tensor queries, string query = "", WireFormat format = WireFormat.Safetensors) =>
        Api.CallAsync(table, "nearest", null, new Dictionary<string, Tensor> { ["queries"] = queries }, query, format);

    private Task<Answer> SendAsync(string table, string query, string json) =>
        Api.PostJsonAsync($"/v1/tables/{table}/nearest?{query}", json);
}
