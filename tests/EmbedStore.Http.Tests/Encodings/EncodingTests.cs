using EmbedStore.Tensors;
using EmbedStore.Testing;

namespace EmbedStore.Http.Tests.Encodings;

/// <summary>API section 1: three encodings, each as request and as answer.</summary>
public class EncodingTests(TestServer server) : IClassFixture<TestServer>
{
    private static readonly string[] MediaTypes = ["application/json", "application/x-safetensors", "application/x-npy"];

    private ApiClient Api => server.Api;

    public static TheoryData<WireFormat, WireFormat> Pairs()
    {
        var pairs = new TheoryData<WireFormat, WireFormat>();
        foreach (WireFormat request in Enum.GetValues<WireFormat>())
        {
            foreach (WireFormat answer in Enum.GetValues<WireFormat>())
            {
                pairs.Add(request, answer);
            }
        }

        return pairs;
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task Gather_InAnyEncodingAnsweredInAnyOther_IsTheSame(WireFormat request, WireFormat answer)
    {
        string table = await Api.NewCountedAsync(6, 2);
        Answer rows = await Api.CallAsync(table, "gather", "[ids]", ApiClient.Ids(5, 0, -1), format: request, accept: WireBody.MediaTypeOf(answer));
        Assert.Equal(WireBody.MediaTypeOf(answer), rows.MediaType);
        Assert.Equal(TensorShape.Of(3, 2), rows.Rows().Shape);
        Assert.Equal([10, 11, 0, 1, 10, 11], rows.Rows().Integers());
        Assert.True(rows.Version > 0);
    }

    [Theory]
    [InlineData(WireFormat.Json)]
    [InlineData(WireFormat.Safetensors)]
    [InlineData(WireFormat.Npy)]
    public async Task EveryCall_InOneEncoding_IsAnsweredInIt(WireFormat format)
    {
        string table = await Api.NewAsync("[4, 2]");
        var values = new Dictionary<string, Tensor> { ["values"] = Elements.F32(TensorShape.Of(2), 1, 2) };
        Answer put = (await Api.CallAsync(table, "put", "[1:3]", values, format: format)).Success();
        Assert.Equal("application/json", put.MediaType);
        Assert.Equal(2, put["written"].GetInt64());
        Assert.Equal(put.Version, put["version"].GetInt64());

        Answer source = (await Api.CallAsync(table, "source", "[ids, 1]", ApiClient.Ids(3, 1), format: format)).Success();
        Assert.Equal(WireBody.MediaTypeOf(format), source.MediaType);
        Assert.Equal([7, 3], source.Tensors().Values.Single().Integers());

        var matrix = new Dictionary<string, Tensor> { ["ids"] = Tensor.Of(TensorShape.Of(1, 2), 1, 2) };
        Answer bag = await Api.CallAsync(table, "bag", null, matrix, "mode=sum", format);
        Assert.Equal(WireBody.MediaTypeOf(format), bag.MediaType);
        Assert.Equal([2, 4], bag.Rows().Floats());

        Answer erased = (await Api.CallAsync(table, "erase", null, ApiClient.Ids(1, 1, 0), format: format)).Success();
        Assert.Equal(1, erased["erased"].GetInt64());
        await Api.GatherAsync(table, "[1]").HoldsAsync(0, 0);
    }

    [Fact]
    public async Task Parameters_InQueryFieldsOrMetadata_MeanTheSame()
    {
        string table = await Api.NewCountedAsync(6, 2);
        var fields = new Dictionary<string, string> { ["index"] = "[ids, ::-1]", ["dialect"] = "numpy", ["dtype"] = "F64" };
        string query = string.Join('&', fields.Select(static field => $"{field.Key}={Uri.EscapeDataString(field.Value)}"));
        Answer[] answers =
        [
            await Api.SendAsync(HttpMethod.Post, $"/v1/tables/{table}/gather?{query}", WireBody.Content(WireFormat.Safetensors, ApiClient.Ids(1, 2))),
            await Api.SendAsync(HttpMethod.Post, $"/v1/tables/{table}/gather", WireBody.Content(WireFormat.Safetensors, ApiClient.Ids(1, 2), fields)),
            await Api.SendAsync(HttpMethod.Post, $"/v1/tables/{table}/gather", WireBody.Content(WireFormat.Json, ApiClient.Ids(1, 2), fields)),
            await Api.SendAsync(HttpMethod.Post, $"/v1/tables/{table}/gather?{query}", WireBody.Content(WireFormat.Json, ApiClient.Ids(1, 2), fields)),
        ];
        Assert.All(answers, static answer =>
        {
            Assert.Equal(ElementType.F64, answer.Rows().Type);
            Assert.Equal([3, 2, 5, 4], answer.Rows().Doubles());
        });
    }

    [Fact]
    public async Task Json_WrittenByHand_IsUnderstood()
    {
        string table = await Api.NewCountedAsync(6, 2);
        Answer answer = await PostJsonAsync(table, "gather", """{"index": "[ids]", "tensors": {"ids": [[1, 2], [3, 4]]}, "status": true, "permute": [2, 0, 1]}""");
        Assert.Equal("application/json", answer.MediaType);
        Assert.Equal(TensorShape.Of(2, 2, 2), answer.Rows().Shape);
        Assert.Equal([2, 4, 6, 8, 3, 5, 7, 9], answer.Rows().Integers());
        Assert.Equal(TensorShape.Of(2, 2), answer.Tensors()["status"].Shape);

        Answer masked = await PostJsonAsync(table, "gather", """{"index": "[m, 0]", "tensors": {"m": [true, false, false, true, false, false]}}""");
        Assert.Equal([0, 6], masked.Rows().Integers());

        Answer put = await PostJsonAsync(table, "put", """{"index": "[0]", "tensors": {"values": 7}, "accumulate": true}""");
        Assert.Equal(1, put.Success()["written"].GetInt64());
        await Api.GatherAsync(table, "[0]").HoldsAsync(7, 8);
    }

    [Fact]
    public async Task Json_NonFiniteAndOddFloats_SurviveBitForBit()
    {
        float[] odd = [float.NaN, float.PositiveInfinity, float.NegativeInfinity, -0f, float.Epsilon, float.MaxValue, 1f / 3, 16777217f, 1.17549435e-38f, 2.98023224e-08f];
        string table = await Api.NewAsync($"[1, {odd.Length}]");
        string data = string.Join(',', odd.Select(static value => float.IsFinite(value) ? value.ToString("G9", System.Globalization.CultureInfo.InvariantCulture) : "\"" + value.ToString(System.Globalization.CultureInfo.InvariantCulture) + "\""));
        (await PostJsonAsync(table, "put", $$$"""{"index": "[0]", "tensors": {"values": [{{{data}}}]}}""")).Success();
        float[] back = (await Api.CallAsync(table, "gather", "[0]", accept: "application/json")).Rows().Floats();
        Assert.Equal(odd.Select(BitConverter.SingleToUInt32Bits), back.Select(BitConverter.SingleToUInt32Bits));
        string text = (await Api.CallAsync(table, "gather", "[0]", accept: "application/json")).Text;
        Assert.Contains("\"NaN\",\"Infinity\",\"-Infinity\",-0", text, StringComparison.Ordinal);
    }

    /// <summary>Every binary32 that a random 32 bits make goes there and back through JSON; of a NaN the payload may be lost.</summary>
    [Fact]
    public async Task Json_RandomFloats_SurviveBitForBit()
    {
        var random = new Random(TestSeed.Current);
        float[] values = [.. Enumerable.Range(0, 20_000).Select(_ => BitConverter.UInt32BitsToSingle((uint)random.NextInt64(1L << 32))).Where(static value => !float.IsNaN(value))];
        string table = await Api.NewAsync($"[{values.Length}]");
        var tensors = new Dictionary<string, Tensor> { ["values"] = Elements.F32(TensorShape.Of(values.Length), values) };
        (await Api.CallAsync(table, "put", "[...]", tensors, format: WireFormat.Json)).Success();
        float[] back = (await Api.CallAsync(table, "gather", "[:]", accept: "application/json")).Rows().Floats();
        Assert.Equal(values.Select(BitConverter.SingleToUInt32Bits), back.Select(BitConverter.SingleToUInt32Bits));
    }

    [Fact]
    public async Task Npy_FortranOrder_MeansWhatNumPyMeans()
    {
        string table = await Api.NewCountedAsync(6, 2);
        byte[] body = WireBody.Npy(Tensor.Of(TensorShape.Of(2, 3), 0, 3, 1, 4, 2, 5));
        int at = body.AsSpan().IndexOf("False"u8);
        "True "u8.CopyTo(body.AsSpan(at));
        Answer answer = await Api.SendAsync(HttpMethod.Post, $"/v1/tables/{table}/gather?index=[ids,0]", WireBody.Content(body, "application/x-npy"));
        Assert.Equal(TensorShape.Of(2, 3), answer.Rows().Shape);
        Assert.Equal([0, 2, 4, 6, 8, 10], answer.Rows().Integers());
    }

    [Theory]
    [InlineData(null, "application/json")]
    [InlineData("*/*", "application/json")]
    [InlineData("application/*", "application/json")]
    [InlineData("application/x-npy;q=0.5, application/x-safetensors", "application/x-safetensors")]
    [InlineData("text/html, application/x-npy;q=0.1, */*;q=0.01", "application/x-npy")]
    [InlineData("APPLICATION/X-NPY", "application/x-npy")]
    public async Task Accept_OfACallWithoutBody_PicksTheEncoding(string? accept, string expected)
    {
        string table = await Api.NewAsync("[3, 2]");
        Answer answer = await Api.SendAsync(HttpMethod.Post, $"/v1/tables/{table}/gather?index=[0]", accept: accept);
        Assert.Equal(expected, answer.Success().MediaType);
        Assert.Equal([0, 0], answer.Rows().Floats());
    }

    [Theory]
    [InlineData("[0, 0]", "")]
    [InlineData("[ids]", "0,2")]
    [InlineData("[ids, 1]", "0")]
    [InlineData("[2:1]", "0,2")]
    [InlineData("[..., None]", "3,2,1")]
    public async Task Gather_ScalarOrEmptyResult_HasItsShapeInEveryEncoding(string index, string shape)
    {
        string table = await Api.NewAsync("[3, 2]");
        long[] sizes = [.. shape.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(long.Parse)];
        IReadOnlyDictionary<string, Tensor> tensors = index.Contains("ids", StringComparison.Ordinal) ? ApiClient.Ids() : ApiClient.NoTensors;
        foreach (string accept in MediaTypes)
        {
            Answer answer = await Api.CallAsync(table, "gather", index, tensors, accept: accept);
            Assert.Equal(TensorShape.Of(sizes), answer.Rows().Shape);
        }

        Answer status = await Api.CallAsync(table, "gather", index, tensors, "status=true");
        Assert.Equal(TensorShape.Of(sizes), status.Rows().Shape);
    }

    /// <summary>A body whose length is announced by chunks instead of a header is the same body, and an empty one is none.</summary>
    [Fact]
    public async Task ChunkedBody_IsABody()
    {
        string table = await Api.NewCountedAsync(6, 2);
        string head = $"POST /v1/tables/{table}/gather?index=[1] HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n";
        Assert.Contains("200 OK", await RawSocket.ExchangeAsync(server.Address, $"{head}\r\n0\r\n\r\n"), StringComparison.Ordinal);
        Assert.Contains("200 OK", await RawSocket.ExchangeAsync(server.Address, $"{head}Content-Type: application/json\r\n\r\n2\r\n{{}}\r\n0\r\n\r\n"), StringComparison.Ordinal);
    }

    private Task<Answer> PostJsonAsync(string table, string verb, string json) =>
        Api.PostJsonAsync($"/v1/tables/{table}/{verb}", json);
}
