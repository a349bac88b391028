using EmbedStore.Tensors;
using EmbedStore.Testing;

namespace EmbedStore.Http.Tests.Lookup;

/// <summary>Many features of many tables in one call, in both forms, and every refusal.</summary>
public sealed class LookupTests(TestServer server) : IClassFixture<TestServer>
{
    private ApiClient Api => server.Api;

    [Theory]
    [InlineData(WireFormat.Json)]
    [InlineData(WireFormat.Safetensors)]
    public async Task Lookup_SequenceAndBagsOfTwoTables_GivesOneTensorForEachName(WireFormat format)
    {
        (string a, string b) = await TablesAsync();
        string features = $$"""[{"name": "user.history", "table": "{{a}}", "mode": "sequence"}, {"name": "user", "table": "{{b}}", "mode": "sum"}, {"name": "m", "table": "{{a}}", "mode": "mean", "padding_idx": 0, "dtype": "F64"}]""";
        var tensors = new Dictionary<string, Tensor>
        {
            ["user.history.ids"] = Tensor.Of(TensorShape.Of(2, 2), 1L, 2, 3, 1),
            ["user.ids"] = Tensor.Of(TensorShape.Of(3), 0L, 2, 2),
            ["user.offsets"] = Tensor.Of(TensorShape.Of(2), 0L, 2),
            ["user.weights"] = Elements.F32(TensorShape.Of(3), 1, 10, 100),
            ["m.ids"] = Tensor.Of(TensorShape.Of(2, 2), 0L, 3, 1, 3),
        };

        Answer answer = (await SendAsync(features, tensors, format)).Success();

        IReadOnlyDictionary<string, Tensor> rows = answer.Tensors();
        Assert.Equal(["m", "user", "user.history"], rows.Keys.Order());
        Assert.Equal((TensorShape.Of(2, 2, 2), ElementType.F32), (rows["user.history"].Shape, rows["user.history"].Type));
        Assert.Equal([2, 3, 4, 5, 6, 7, 2, 3], rows["user.history"].Doubles());
        Assert.Equal([400.0, 4000], rows["user"].Doubles().Select(static sum => sum * 10));
        Assert.Equal((TensorShape.Of(2, 1), TensorShape.Of(2, 2), ElementType.F64), (rows["user"].Shape, rows["m"].Shape, rows["m"].Type));
        Assert.Equal([6, 7, 4, 5], rows["m"].Doubles());
        Assert.True(long.Parse(answer.Headers["embedstore-version"], System.Globalization.CultureInfo.InvariantCulture) > 0);
    }

    /// <summary>The example of TorchRec's KeyedJaggedTensor, as lengths and as offsets.</summary>
    [Theory]
    [InlineData("lengths", new long[] { 2, 0, 1, 1, 1, 3 })]
    [InlineData("offsets", new long[] { 0, 2, 2, 3, 4, 5, 8 })]
    public async Task Lookup_KeyedJaggedTensor_IsSplitByTheOrderOfTheFeatures(string bounds, long[] numbers)
    {
        (string a, string b) = await TablesAsync();
        string features = $$"""[{"name": "f0", "table": "{{a}}"}, {"name": "f1", "table": "{{b}}", "mode": "max"}]""";
        var tensors = new Dictionary<string, Tensor>
        {
            ["values"] = Elements.Of(ElementType.I32, TensorShape.Of(8), 0, 1, 2, 3, 0, 1, 2, 0),
            [bounds] = Tensor.Of(TensorShape.Of(numbers.Length), numbers),
        };

        IReadOnlyDictionary<string, Tensor> rows = (await SendAsync(features, tensors)).Success().Tensors();

        Assert.Equal((TensorShape.Of(3, 2), TensorShape.Of(3, 1)), (rows["f0"].Shape, rows["f1"].Shape));
        Assert.Equal([0, 1, 2, 3, 4, 5], rows["f0"].Doubles());
        Assert.Equal([6, 0, 4], rows["f1"].Doubles());
    }

    [Fact]
    public async Task Lookup_WeightsOfAKeyedJaggedTensor_GoWithTheirValues()
    {
        (string a, string b) = await TablesAsync();
        string features = $$"""[{"name": "x", "table": "{{b}}", "mode": "sum"}, {"name": "y", "table": "{{a}}", "mode": "sum"}]""";
        var tensors = new Dictionary<string, Tensor>
        {
            ["values"] = Tensor.Of(TensorShape.Of(3), 1L, 3, 2),
            ["lengths"] = Tensor.Of(TensorShape.Of(2), 2L, 1),
            ["weights"] = Elements.F32(TensorShape.Of(3), 1, 2, 3),
        };

        IReadOnlyDictionary<string, Tensor> rows = (await SendAsync(features, tensors)).Success().Tensors();

        Assert.Equal([14], rows["x"].Doubles());
        Assert.Equal([12, 15], rows["y"].Doubles());
    }

    [Fact]
    public async Task Lookup_OneFeatureAnsweredAsNpy_IsItsTensor()
    {
        (string a, _) = await TablesAsync();
        var tensors = new Dictionary<string, Tensor> { ["f.ids"] = Tensor.Of(TensorShape.Of(1), 3L) };
        Answer answer = (await Api.SendAsync(HttpMethod.Post, Path($$"""[{"name": "f", "table": "{{a}}"}]"""), WireBody.Content(WireFormat.Safetensors, tensors), "application/x-npy")).Success();
        Assert.Equal([6, 7], NpyReader.Read(answer.Body).Doubles());
    }

    [Theory]
    [InlineData("""[{"name": "f", "table": "A"}]""", """{"f.ids": [4]}""", 400, "index_out_of_range", "\"tensor\": \"f.ids\", \"position\": [0], \"index\": 4, \"size\": 4")]
    [InlineData("""[{"name": "f", "table": "A"}]""", """{"f.ids": [[0], [-1]]}""", 400, "index_out_of_range", "\"tensor\": \"f.ids\", \"position\": [1, 0], \"index\": -1")]
    [InlineData("""[{"name": "f", "table": "A"}]""", """{"f.ids": [0.5]}""", 400, "unsupported_dtype", "\"tensor\": \"f.ids\"")]
    [InlineData("""[{"name": "f", "table": "A", "dtype": "I8"}]""", """{"f.ids": [0]}""", 400, "unsupported_dtype", "\"tensor\": \"f\"")]
    [InlineData("""[{"name": "f", "table": "A"}]""", "{}", 400, "missing_tensor", "\"tensor\": \"f.ids\"")]
    [InlineData("""[{"name": "f", "table": "A", "mode": "sum"}]""", """{"f.ids": [0]}""", 400, "missing_tensor", "\"tensor\": \"f.offsets\"")]
    [InlineData("""[{"name": "f", "table": "A"}]""", """{"f.ids": [0], "f.offsets": [0]}""", 400, "unknown_tensor", "\"tensor\": \"f.offsets\"")]
    [InlineData("""[{"name": "f", "table": "A"}]""", """{"g.ids": [0]}""", 400, "unknown_tensor", "\"tensor\": \"g.ids\"")]
    [InlineData("""[{"name": "f", "table": "A"}]""", """{"ids": [0]}""", 400, "unknown_tensor", "\"tensor\": \"ids\"")]
    [InlineData("""[{"name": "f", "table": "A", "mode": "sum"}]""", """{"f.ids": [0], "f.offsets": [1]}""", 400, "invalid_parameter", "\"parameter\": \"f.offsets\"")]
    [InlineData("""[{"name": "f", "table": "A", "mode": "mean"}]""", """{"f.ids": [[0]], "f.weights": [[1]]}""", 400, "invalid_parameter", "\"parameter\": \"features[0].mode\"")]
    [InlineData("""[{"name": "f", "table": "A", "mode": "median"}]""", "{}", 400, "invalid_parameter", "\"parameter\": \"features[0].mode\"")]
    [InlineData("""[{"name": "f", "table": "A", "dtype": "F33"}]""", "{}", 400, "invalid_parameter", "\"parameter\": \"features[0].dtype\"")]
    [InlineData("""[{"name": "f", "table": "A", "missing": "no"}]""", "{}", 400, "invalid_parameter", "\"parameter\": \"features[0].missing\"")]
    [InlineData("""[{"name": "f", "table": "A", "padding_idx": "x"}]""", "{}", 400, "invalid_parameter", "\"parameter\": \"features[0].padding_idx\"")]
    [InlineData("""[{"name": "f", "table": "A", "padding_idx": 0}]""", """{"f.ids": [0]}""", 400, "invalid_parameter", "\"parameter\": \"features[0].padding_idx\"")]
    [InlineData("""[{"name": "f", "table": "A", "mode": "sum", "padding_idx": 9}]""", """{"f.ids": [[0]]}""", 400, "invalid_parameter", "\"parameter\": \"features[0].padding_idx\"")]
    [InlineData("""[{"name": "f", "table": "A", "include_last_offset": 2}]""", "{}", 400, "invalid_parameter", "\"parameter\": \"features[0].include_last_offset\"")]
    [InlineData("""[{"name": "f", "table": "A", "op": "put"}]""", "{}", 400, "unknown_parameter", "\"parameter\": \"features[0].op\"")]
    [InlineData("""[{"name": "f", "table": "A", "mode": "sum", "mode": "max"}]""", "{}", 400, "conflicting_parameters", "\"parameter\": \"features[0].mode\"")]
    [InlineData("""[{"name": "f", "table": "A"}, {"name": "f", "table": "A"}]""", "{}", 400, "invalid_parameter", "\"parameter\": \"features\"")]
    [InlineData("""[{"name": "__metadata__", "table": "A"}]""", "{}", 400, "invalid_parameter", "\"parameter\": \"features[0].name\"")]
    [InlineData("""[{"table": "A"}]""", "{}", 400, "invalid_parameter", "\"parameter\": \"features[0].name\"")]
    [InlineData("""[{"name": "f"}]""", "{}", 400, "invalid_parameter", "\"parameter\": \"features[0].table\"")]
    [InlineData("[]", "{}", 400, "invalid_parameter", "\"parameter\": \"features\"")]
    [InlineData("[{", "{}", 400, "invalid_parameter", "\"parameter\": \"features\"")]
    [InlineData("""[{"name": "f", "table": "A"}, {"name": "g", "table": "nobody"}]""", """{"x": [0]}""", 404, "table_not_found", "\"table\": \"nobody\"")]
    [InlineData("""[{"name": "f", "table": "A", "missing": "error"}]""", """{"f.ids": [0, 2]}""", 404, "row_not_found", "\"tensor\": \"f.ids\", \"position\": [1], \"id\": 2")]
    public async Task Lookup_Wrong_SaysWhereInTheNamesOfTheRequest(string features, string tensors, int status, string code, string fields)
    {
        string table = await Api.NewAsync("[4, 2]");
        (await Api.PutAsync(table, "[:2]", Elements.F32(TensorShape.Scalar, 1))).Success();
        Expect.Refused(await SendAsync(features.Replace("\"A\"", $"\"{table}\"", StringComparison.Ordinal), tensors), status, code, fields);
    }

    [Theory]
    [InlineData("""{"values": [0, 1, 9], "lengths": [1, 2]}""", "index_out_of_range", "\"tensor\": \"values\", \"position\": [2], \"index\": 9")]
    [InlineData("""{"values": [0, 1], "lengths": [1, 2]}""", "invalid_parameter", "\"parameter\": \"lengths\"")]
    [InlineData("""{"values": [0, 1], "lengths": [1, 0]}""", "invalid_parameter", "\"parameter\": \"lengths\"")]
    [InlineData("""{"values": [0, 1], "lengths": [3, -1]}""", "invalid_parameter", "\"parameter\": \"lengths\"")]
    [InlineData("""{"values": [0, 1], "lengths": [9223372036854775807, 1]}""", "invalid_parameter", "\"parameter\": \"lengths\"")]
    [InlineData("""{"values": [0, 1], "offsets": [0, 1, 3]}""", "invalid_parameter", "\"parameter\": \"offsets\"")]
    [InlineData("""{"values": [0, 1], "offsets": [0, -9223372036854775808, 2]}""", "invalid_parameter", "\"parameter\": \"offsets\"")]
    [InlineData("""{"values": [0, 1], "offsets": [1, 1, 2]}""", "invalid_parameter", "\"parameter\": \"offsets\"")]
    [InlineData("""{"values": [0, 1], "lengths": [1, 1, 0]}""", "shape_mismatch", "\"tensor\": \"lengths\", \"actual\": [3]")]
    [InlineData("""{"values": [0, 1], "offsets": []}""", "shape_mismatch", "\"tensor\": \"offsets\", \"actual\": [0]")]
    [InlineData("""{"values": [[0, 1]], "lengths": [1, 1]}""", "shape_mismatch", "\"tensor\": \"values\", \"actual\": [1, 2]")]
    [InlineData("""{"values": [0, 1], "lengths": [1, 1], "weights": [1]}""", "shape_mismatch", "\"tensor\": \"weights\", \"expected\": [2], \"actual\": [1]")]
    [InlineData("""{"values": [0, 1], "lengths": [1.5, 1]}""", "unsupported_dtype", "\"tensor\": \"lengths\"")]
    [InlineData("""{"values": [0, 1]}""", "missing_tensor", "\"tensor\": \"lengths\"")]
    [InlineData("""{"lengths": [1, 1]}""", "missing_tensor", "\"tensor\": \"values\"")]
    [InlineData("""{"values": [0], "lengths": [1], "offsets": [0, 1]}""", "unknown_tensor", "\"tensor\": \"offsets\"")]
    [InlineData("""{"values": [0], "lengths": [1], "f.ids": [0]}""", "unknown_tensor", "\"tensor\": \"f.ids\"")]
    [InlineData("""{"values": [0, 1], "lengths": [1, 1], "weights": [1, 1]}""", "unknown_tensor", "\"tensor\": \"weights\"")]
    public async Task Lookup_WrongKeyedJaggedTensor_SaysWhere(string tensors, string code, string fields)
    {
        string table = await Api.NewAsync("[4, 2]");
        Expect.Refused(await SendAsync($$"""[{"name": "f", "table": "{{table}}"}, {"name": "g", "table": "{{table}}", "mode": "sum"}]""", tensors), 400, code, fields);
    }

    [Fact]
    public async Task Lookup_LastOffsetInAKeyedJaggedTensor_IsRefused()
    {
        string table = await Api.NewAsync("[4, 2]");
        Answer answer = await SendAsync($$"""[{"name": "f", "table": "{{table}}", "mode": "sum", "include_last_offset": true}]""", """{"values": [0], "lengths": [1]}""");
        Expect.Refused(answer, 400, "invalid_parameter", "\"parameter\": \"features[0].include_last_offset\"");
    }

    [Fact]
    public async Task Lookup_AsManyFeaturesAsAreAllowed_IsAnsweredAndOneMoreIsNot()
    {
        string table = await Api.NewCountedAsync(4, 2);
        foreach (int count in new[] { 1024, 1025 })
        {
            string features = $"[{string.Join(',', Enumerable.Range(0, count).Select(i => $$"""{"name": "f{{i}}", "table": "{{table}}"}"""))}]";
            var tensors = new Dictionary<string, Tensor>
            {
                ["values"] = Tensor.Of(TensorShape.Of(count), [.. Enumerable.Range(0, count).Select(static i => i % 4L)]),
                ["lengths"] = Tensor.Of(TensorShape.Of(count), [.. Enumerable.Repeat(1L, count)]),
            };
            byte[] body = WireBody.Encode(WireFormat.Safetensors, tensors, new Dictionary<string, string> { ["features"] = features });
            Answer answer = await Api.SendAsync(HttpMethod.Post, "/v1/lookup", WireBody.Content(body, "application/x-safetensors"));
            if (count == 1024)
            {
                Assert.Equal([6.0, 7], answer.Success().Tensors()["f1023"].Doubles());
            }
            else
            {
                Expect.Refused(answer, 400, "invalid_parameter", "\"parameter\": \"features\"");
            }
        }
    }

    [Fact]
    public async Task Lookup_TensorsOfSeveralTypesAndNone_GoOutWhole()
    {
        string small = await Api.NewCountedAsync(4, 3);
        string large = await Api.NewAsync("[5000, 64]", ", \"dtype\": \"F16\"");
        long[] ids = [.. Enumerable.Range(0, 5000)];
        var tensors = new Dictionary<string, Tensor>
        {
            ["none.ids"] = Tensor.Of(TensorShape.Of(0), Array.Empty<long>()),
            ["large.ids"] = Tensor.Of(TensorShape.Of(5000), ids),
            ["small.ids"] = Tensor.Of(TensorShape.Of(1), 3L),
        };
        string features = $$"""[{"name": "none", "table": "{{large}}"}, {"name": "large", "table": "{{large}}"}, {"name": "small", "table": "{{small}}"}]""";

        IReadOnlyDictionary<string, Tensor> rows = (await SendAsync(features, tensors)).Success().Tensors();

        Assert.Equal((TensorShape.Of(0, 64), TensorShape.Of(5000, 64)), (rows["none"].Shape, rows["large"].Shape));
        Assert.Equal([9.0, 10, 11], rows["small"].Doubles());
    }

    /// <summary>A [4, 2] table that counts its elements, and a [4] table of 0, 2, 4, 6 as F32.</summary>
    private async Task<(string A, string B)> TablesAsync()
    {
        string a = await Api.NewAsync("[4, 2]");
        (await Api.PutAsync(a, "[:]", Elements.F32(TensorShape.Of(4, 2), 0, 1, 2, 3, 4, 5, 6, 7))).Success();
        string b = await Api.NewAsync("[4]");
        (await Api.PutAsync(b, "[:]", Elements.F32(TensorShape.Of(4), 0, 2, 4, 6))).Success();
        return (a, b);
    }

    private static string Path(string features) => "/v1/lookup?features=" + Uri.EscapeDataString(features);

    private Task<Answer> SendAsync(string features, Dictionary<string, Tensor> tensors, WireFormat format = WireFormat.Safetensors) =>
        Api.SendAsync(HttpMethod.Post, Path(features), WireBody.Content(format, tensors));

    private Task<Answer> SendAsync(string features, string tensors) =>
        Api.PostJsonAsync(Path(features), $$"""{"tensors": {{tensors}} }""");
}
