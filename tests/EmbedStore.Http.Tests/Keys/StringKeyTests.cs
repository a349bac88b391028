using System.Text;
using EmbedStore.Tensors;
using EmbedStore.Testing;

namespace EmbedStore.Http.Tests.Keys;

/// <summary>Tables whose rows have strings as keys: every call, every encoding, every refusal.</summary>
public class StringKeyTests(TestServer server) : IClassFixture<TestServer>
{
    private const string Keyed = ", \"key\": \"string\", \"shards\": 3";

    private ApiClient Api => server.Api;

    [Theory]
    [InlineData("""["king", "Z\u00fcrich"]""", "[2,2]", "1,2,3,4")]
    [InlineData("""[["Zürich"], ["\ud83d\ude00"], ["NaN"]]""", "[3,1,2]", "3,4,5,6,7,8")]
    [InlineData("""["NaN", "NaN"]""", "[2,2]", "7,8,7,8")]
    [InlineData("\"king\"", "[2]", "1,2")]
    [InlineData("[]", "[0,2]", "")]
    [InlineData("[[], []]", "[2,0,2]", "")]
    [InlineData("""{"dtype": "STR", "shape": [1, 2], "data": ["NaN", "never"]}""", "[1,2,2]", "7,8,0,0")]
    [InlineData("""{"dtype": "U8", "shape": [1, 6], "data": [107, 105, 110, 103, 0, 0]}""", "[1,2]", "1,2")]
    public async Task Gather_JsonKeys_ReadsTheirRows(string ids, string shape, string rows)
    {
        string table = await NewAsync();

        Answer answer = (await JsonAsync(table, "gather", $$$"""{"tensors": {"ids": {{{ids}}}}}""")).Success();

        Assert.Equal("{\"tensors\":{\"rows\":{\"dtype\":\"F32\",\"shape\":" + shape + ",\"data\":[" + rows + "]}}}", answer.Text);
    }

    [Fact]
    public async Task Gather_PaddedKeys_ReadsTheSameRowsInEveryEncoding()
    {
        string table = await NewAsync();
        byte[] bytes = Padded(9, "NaN", "Zürich", "never", "king");
        var padded = new Dictionary<string, Tensor> { ["ids"] = new(ElementType.U8, TensorShape.Of(2, 2, 9), bytes) };
        const string Description = "{'descr': '|S9', 'fortran_order': False, 'shape': (2, 2), }";
        byte[] strings = [0x93, .. "NUMPY"u8, 1, 0, 0x76, 0, .. Encoding.ASCII.GetBytes(Description.PadRight(117) + "\n"), .. bytes];

        Answer[] answers =
        [
            await Api.CallAsync(table, "gather", tensors: padded),
            await Api.CallAsync(table, "gather", tensors: padded, format: WireFormat.Npy),
            await Api.CallAsync(table, "gather", tensors: padded, format: WireFormat.Json),
            await Api.SendAsync(HttpMethod.Post, $"/v1/tables/{table}/gather", WireBody.Content(strings, "application/x-npy")),
        ];

        Assert.All(answers, static answer => Assert.Equal(("[2, 2, 2]", "7 8 3 4 0 0 1 2"), (answer.Rows().Shape.ToString(), string.Join(' ', TensorValues.ToDoubles(answer.Rows())))));
    }

    [Fact]
    public async Task Calls_OnKeys_DoWhatTheyDoOnIds()
    {
        string table = await NewAsync(", \"optimizer\": {\"kind\": \"sgd\", \"lr\": 0.5}, \"missing\": \"zeros\"");

        Assert.Equal(3, (await JsonAsync(table, "put?accumulate=true", """{"tensors": {"ids": ["king", "king", "new"], "values": 10}}""")).Success()["written"].GetInt64());
        Assert.Equal(2, (await JsonAsync(table, "apply", """{"tensors": {"ids": ["new", "new"], "gradients": [[1, 2], [3, 4]]}}""")).Success()["applied"].GetInt64());
        Assert.Equal(1, (await JsonAsync(table, "erase", """{"tensors": {"ids": ["NaN", "never"]}}""")).Success()["erased"].GetInt64());
        await JsonAsync(table, "gather", """{"tensors": {"ids": ["king", "new", "NaN"]}}""").HoldsAsync(21, 22, 8, 7, 0, 0);
        await JsonAsync(table, "gather", """{"index": "[ids, 1]", "tensors": {"ids": ["king", "new"]}}""").HoldsAsync(22, 7);
        await JsonAsync(table, "bag?mode=sum", """{"tensors": {"ids": [["king", "new"], ["never", "new"]]}}""").HoldsAsync(29, 29, 8, 7);
        (await JsonAsync(table, "put", """{"index": "[ids, cols]", "tensors": {"ids": [["king"], ["new"]], "cols": [1, 0], "values": 5}}""")).Success();
        await JsonAsync(table, "gather", """{"tensors": {"ids": ["king", "new"]}}""").HoldsAsync(5, 5, 5, 5);

        Answer status = (await JsonAsync(table, "gather?status=true", """{"tensors": {"ids": ["king", "never", "NaN"]}}""")).Success();
        Assert.Equal("0 1 5", string.Join(' ', TensorValues.ToDoubles(status.Tensors()["status"])));
        Answer described = await Api.GetAsync($"/v1/tables/{table}");
        Assert.Equal(("string", 4L), (described["key"].GetString(), described["stats"].GetProperty("rows").GetInt64()));
        Assert.InRange(described["stats"].GetProperty("bytes").GetProperty("keys").GetInt64(), 1, 1 << 20);
    }

    [Fact]
    public async Task Update_KeysAndIdsInOneCall_WritesBoth()
    {
        string words = await NewAsync(), numbers = await Api.NewAsync("[\"*\", 2]");
        string body = $$$"""
            {"features": [{"name": "w", "table": "{{{words}}}", "op": "put"}, {"name": "n", "table": "{{{numbers}}}", "op": "put"}],
             "tensors": {"w.ids": ["a", "b"], "w.values": [[1, 2], [3, 4]], "n.ids": [5, 6], "n.values": 7}}
            """;

        (await Api.PostJsonAsync("/v1/update", body)).Success();

        await JsonAsync(words, "gather", """{"tensors": {"ids": ["b", "a"]}}""").HoldsAsync(3, 4, 1, 2);
        await JsonAsync(numbers, "gather", """{"tensors": {"ids": [6]}}""").HoldsAsync(7, 7);
    }

    [Fact]
    public async Task Lookup_KeysAndIdsInOneCall_ReadsBothInEveryForm()
    {
        string words = await NewAsync(), numbers = await Api.NewAsync("[\"*\", 2]");
        (await JsonAsync(numbers, "put", """{"tensors": {"ids": [5, 6], "values": [[10, 20], [30, 40]]}}""")).Success();
        string features = $$$"""[{"name": "s", "table": "{{{words}}}"}, {"name": "n", "table": "{{{numbers}}}", "mode": "sum"}, {"name": "p", "table": "{{{words}}}", "mode": "sum"}]""";
        Task<Answer> LookUpAsync(string tensors) =>
            Api.PostJsonAsync("/v1/lookup", $$"""{"features": {{features}}, "tensors": {{tensors}} }""");

        Answer own = (await LookUpAsync("""{"s.ids": ["king", "never", "king"], "n.ids": [[5, 6]], "p.ids": {"dtype": "U8", "shape": [1, 2, 4], "data": [107, 105, 110, 103, 78, 97, 78, 0]}}""")).Success();

        Assert.Equal([1, 2, 0, 0, 1, 2], own.Tensors()["s"].Doubles());
        Assert.Equal([40, 60], own.Tensors()["n"].Doubles());
        Assert.Equal([8, 10], own.Tensors()["p"].Doubles());
        Expect.Refused(await LookUpAsync("""{"s.ids": ["king", ""], "n.ids": [[5]], "p.ids": [["a"]]}"""), 400, "index_out_of_range", "\"tensor\": \"s.ids\", \"position\": [1]");
        Expect.Refused(await LookUpAsync("""{"s.ids": [5], "n.ids": [[5]], "p.ids": [["a"]]}"""), 400, "unsupported_dtype", "\"tensor\": \"s.ids\"");
        Expect.Refused(await LookUpAsync("""{"s.ids": ["king"], "n.ids": [["five"]], "p.ids": [["a"]]}"""), 400, "unsupported_dtype", "\"tensor\": \"n.ids\"");
    }

    [Fact]
    public async Task Nearest_Keys_AreStringsInJsonAndPaddedElsewhere()
    {
        string table = await NewAsync();
        const string Body = """{"k": 5, "metric": "l2", "tensors": {"queries": [[3, 4]]}}""";

        Answer json = (await JsonAsync(table, "nearest", Body)).Success();
        Answer binary = (await JsonAsync(table, "nearest", Body, accept: "application/x-safetensors")).Success();

        Assert.StartsWith("""{"tensors":{"ids":{"dtype":"STR","shape":[1,5],"data":["Z\u00FCrich","king",""", json.Text, StringComparison.Ordinal);
        Assert.Contains("\"NaN\",\"\"]", json.Text, StringComparison.Ordinal);
        Assert.Equal([1], binary.Tensors()["exact"].Data.ToArray());
        Assert.Equal(Padded(7, "Zürich", "king", "😀", "NaN", ""), binary.Tensors()["ids"].Data.ToArray());
    }

    [Theory]
    [InlineData("""["NaN", "king", "never", "Zürich"]""", new double[] { 7, 8, 1, 2, 0, 0, 3, 4 })]
    [InlineData("""{"dtype": "U8", "shape": [4, 4], "data": [78, 97, 78, 0, 107, 105, 110, 103, 110, 111, 0, 0, 78, 97, 78, 0]}""", new double[] { 7, 8, 1, 2, 0, 0, 7, 8 })]
    public async Task Lookup_KeyedJaggedTensorOfKeys_IsSplitByTheOrderOfTheFeatures(string values, double[] expected)
    {
        string table = await NewAsync();
        string body = $$"""{"features": [{"name": "a", "table": "{{table}}"}, {"name": "b", "table": "{{table}}", "mode": "sum"}], "tensors": {"lengths": [1, 1, 0, 2], "values": {{values}} } }""";

        Answer answer = (await Api.PostJsonAsync("/v1/lookup", body)).Success();

        Assert.Equal(expected[..4], answer.Tensors()["a"].Doubles());
        Assert.Equal([0, 0, expected[6], expected[7]], answer.Tensors()["b"].Doubles());
    }

    /// <summary>The same sequence again is not applied again, whatever shards its keys are in.</summary>
    [Fact]
    public async Task Put_WithAWriter_CountsOnce()
    {
        string table = await NewAsync();
        (string, string)[] writer = [("Embedstore-Writer", "w"), ("Embedstore-Sequence", "1")];
        const string Body = """{"accumulate": true, "tensors": {"ids": ["king", "a", "b", "c", "d"], "values": 1}}""";

        for (int i = 0; i < 2; i++)
        {
            (await Api.PostJsonAsync($"/v1/tables/{table}/put", Body, null, writer)).Success();
        }

        await JsonAsync(table, "gather", """{"tensors": {"ids": ["king", "d"]}}""").HoldsAsync(2, 3, 1, 1);
    }

    [Fact]
    public async Task Source_Keys_AreUniqueAndRising()
    {
        string table = await NewAsync();
        const string Body = """{"rows": true, "tensors": {"ids": [["b", "a"], ["é", "b"]]}}""";

        Answer json = (await JsonAsync(table, "source", Body)).Success();
        Answer binary = (await JsonAsync(table, "source", Body, accept: "application/x-safetensors")).Success();

        Assert.Equal(
            """{"tensors":{"unique":{"dtype":"STR","shape":[3],"data":["a","b","\u00E9"]},"inverse":{"dtype":"I64","shape":[2,2],"data":[1,0,2,1]},"counts":{"dtype":"I64","shape":[3],"data":[1,2,1]}}}""",
            json.Text);
        Assert.Equal((ElementType.U8, "[3, 2]"), (binary.Tensors()["unique"].Type, binary.Tensors()["unique"].Shape.ToString()));
        Assert.Equal([.. "a\0b\0é"u8], binary.Tensors()["unique"].Data.ToArray());
        Expect.Refused(await JsonAsync(table, "source", """{"tensors": {"ids": ["a"]}}"""), 400, "open_dimension");
    }

    [Fact]
    public async Task Export_ImportedIntoANewTable_IsEqual()
    {
        string first = await NewAsync(), second = await Api.NewAsync("[\"*\", 2]", ", \"key\": \"string\", \"shards\": 2");

        Answer exported = (await Api.GetAsync($"/v1/tables/{first}/export")).Success();
        Assert.Equal(4, (await ImportAsync(second, "safetensors", exported.Body)).Success()["imported"].GetInt64());

        Assert.Equal((ElementType.U8, "[4, 7]"), (exported.Tensors()["keys"].Type, exported.Tensors()["keys"].Shape.ToString()));
        Assert.Equal(Padded(7, "NaN", "Zürich", "king", "😀"), exported.Tensors()["keys"].Data.ToArray());
        Assert.Equal("7 8 3 4 1 2 5 6", string.Join(' ', TensorValues.ToDoubles(exported.Rows())));
        Assert.Equal(exported.Body, (await Api.GetAsync($"/v1/tables/{second}/export")).Body);
        Expect.Refused(await Api.GetAsync($"/v1/tables/{first}/export?format=npy"), 400, "open_dimension");
        string empty = await Api.NewAsync("[\"*\", 2]", Keyed);
        Assert.Equal("[0, 1]", (await Api.GetAsync($"/v1/tables/{empty}/export")).Tensors()["keys"].Shape.ToString());
    }

    [Theory]
    [InlineData("king 0.5 1\nZürich -2 3e1\n")]
    [InlineData("2 2\nking 0.5 1\r\nZürich\t-2  30 \n\n")]
    public async Task Text_AsWord2vecAndGloveWriteIt_IsRead(string text)
    {
        string table = await Api.NewAsync("[\"*\", 2]", Keyed);

        Assert.Equal(2, (await ImportAsync(table, "text", Encoding.UTF8.GetBytes(text))).Success()["imported"].GetInt64());

        await JsonAsync(table, "gather", """{"tensors": {"ids": ["Zürich", "king"]}}""").HoldsAsync(-2, 30, 0.5, 1);
    }

    [Fact]
    public async Task Import_WrongKeys_SaysWhereAndChangesNothing()
    {
        string table = await Api.NewAsync("[\"*\", 2]", Keyed);
        Tensor rows = Tensor.Of(TensorShape.Of(2, 2), 1f, 2, 3, 4);

        Expect.Refused(await ImportAsync(table, "text", [.. "a 1 2\n"u8, 0xFF, .. " 3 4\n"u8]), 400, "malformed_body", "\"line\": 2, \"offset\": 6");
        Expect.Refused(await ImportAsync(table, "text", Encoding.ASCII.GetBytes($"a 1 2\n{new string('x', 513)} 3 4\n")), 400, "malformed_body", "\"line\": 2");
        Expect.Refused(await ImportAsync(table, ("keys", new Tensor(ElementType.U8, TensorShape.Of(2, 2), Padded(2, "a", ""))), ("rows", rows)), 400, "index_out_of_range", "\"tensor\": \"keys\", \"position\": [1]");
        Expect.Refused(await ImportAsync(table, ("keys", Tensor.Of(TensorShape.Of(2), 1, 2)), ("rows", rows)), 400, "unsupported_dtype", "\"tensor\": \"keys\"");
        Expect.Refused(await ImportAsync(table, ("keys", new Tensor(ElementType.U8, TensorShape.Of(2), Padded(1, "a", "b"))), ("rows", rows)), 400, "shape_mismatch", "\"tensor\": \"keys\"");
        Expect.Refused(await ImportAsync(table, ("ids", Tensor.Of(TensorShape.Of(2), 1, 2)), ("rows", rows)), 400, "unknown_tensor", "\"tensor\": \"ids\"");
        Expect.Refused(await ImportAsync(table, ("rows", rows)), 400, "missing_tensor", "\"tensor\": \"keys\"");
        Expect.Refused(await ImportAsync(await Api.NewAsync("[\"*\", 2]"), ("keys", new Tensor(ElementType.U8, TensorShape.Of(2, 1), Padded(1, "a", "b"))), ("rows", rows)), 400, "unknown_tensor", "\"tensor\": \"keys\"");

        Assert.Equal(0, (await Api.GetAsync($"/v1/tables/{table}"))["stats"].GetProperty("rows").GetInt64());
    }

    [Theory]
    [InlineData("gather", """{"tensors": {"ids": [1, 2]}}""", "unsupported_dtype", "\"tensor\": \"ids\"")]
    [InlineData("gather", """{"tensors": {"ids": [0.5]}}""", "unsupported_dtype", "\"tensor\": \"ids\"")]
    [InlineData("gather", """{"tensors": {"ids": {"dtype": "F32", "shape": [1], "data": ["NaN"]}}}""", "unsupported_dtype", "\"tensor\": \"ids\"")]
    [InlineData("gather", """{"tensors": {"ids": {"dtype": "U8", "shape": [], "data": [107]}}}""", "unsupported_dtype", "\"tensor\": \"ids\"")]
    [InlineData("gather", """{"index": "[3]"}""", "unsupported_dtype", "\"tensor\": null")]
    [InlineData("gather", """{"index": "[argmax(s, 1)]", "tensors": {"s": [[1, 2]]}}""", "unsupported_dtype", "\"tensor\": \"s\"")]
    [InlineData("gather", """{"index": "[ids, ids]", "tensors": {"ids": ["king"]}}""", "unsupported_dtype", "\"tensor\": \"ids\"")]
    [InlineData("gather", """{"index": "[ids, k]", "tensors": {"ids": ["king"], "k": ["a"]}}""", "unsupported_dtype", "\"tensor\": \"k\"")]
    [InlineData("gather", """{"index": "[:]"}""", "open_dimension", "")]
    [InlineData("gather", """{"tensors": {"ids": [true]}}""", "open_dimension", "")]
    [InlineData("gather", """{"tensors": {"ids": ["king", ""]}}""", "index_out_of_range", "\"tensor\": \"ids\", \"position\": [1], \"dimension\": 0, \"index\": \"\", \"size\": null")]
    [InlineData("gather", """{"tensors": {"ids": [["king"], ["a\u0000b"], [""]]}}""", "index_out_of_range", "\"tensor\": \"ids\", \"position\": [1, 0], \"index\": \"a\\u0000b\"")]
    [InlineData("gather", """{"tensors": {"ids": ["king", "\ud800"]}}""", "malformed_body", "\"offset\": 29")]
    [InlineData("gather", """{"tensors": {"ids": ["king", 1]}}""", "malformed_body", "\"offset\": 29")]
    [InlineData("gather", """{"tensors": {"ids": {"dtype": "U8", "shape": [2, 2], "data": [107, 0, 195, 0]}}}""", "index_out_of_range", "\"tensor\": \"ids\", \"position\": [1], \"index\": null")]
    [InlineData("gather", """{"tensors": {"ids": {"dtype": "U8", "shape": [2, 0], "data": []}}}""", "index_out_of_range", "\"position\": [0]")]
    [InlineData("put", """{"tensors": {"ids": ["king", ""], "values": 9}}""", "index_out_of_range", "\"position\": [1]")]
    [InlineData("put", """{"tensors": {"ids": ["king", ""], "values": [1, 2, 3]}}""", "shape_mismatch", "")]
    [InlineData("put", """{"tensors": {"ids": ["king"], "values": ["a", "b"]}}""", "unsupported_dtype", "\"tensor\": \"values\"")]
    [InlineData("erase", """{"tensors": {"ids": ["king", ""]}}""", "index_out_of_range", "\"position\": [1]")]
    [InlineData("bag", """{"tensors": {"ids": [["king", ""]]}}""", "index_out_of_range", "\"tensor\": \"ids\", \"position\": [0, 1]")]
    [InlineData("bag", """{"tensors": {"ids": ["king"]}}""", "missing_tensor", "\"tensor\": \"offsets\"")]
    [InlineData("bag", """{"tensors": {"ids": {"dtype": "U8", "shape": [1, 1], "data": [107]}}}""", "missing_tensor", "\"tensor\": \"offsets\"")]
    [InlineData("bag", """{"tensors": {"ids": [[1, 2]]}}""", "unsupported_dtype", "\"tensor\": \"ids\"")]
    [InlineData("bag", """{"tensors": {"ids": ["king"], "offsets": ["a"]}}""", "unsupported_dtype", "\"tensor\": \"offsets\"")]
    [InlineData("bag", """{"padding_idx": 3, "tensors": {"ids": [["king"]]}}""", "invalid_parameter", "\"parameter\": \"padding_idx\"")]
    [InlineData("source", """{"rows": true, "tensors": {"ids": [1]}}""", "unsupported_dtype", "\"tensor\": \"ids\"")]
    public async Task Call_WithoutKeys_SaysWhatAndChangesNothing(string verb, string body, string code, string fields)
    {
        string table = await NewAsync();

        Expect.Refused(await JsonAsync(table, verb, body), 400, code, fields);

        await JsonAsync(table, "gather", """{"tensors": {"ids": ["king"]}}""").HoldsAsync(1, 2);
        Assert.Equal(4, (await Api.GetAsync($"/v1/tables/{table}"))["stats"].GetProperty("rows").GetInt64());
    }

    [Theory]
    [InlineData("[4, 2]")]
    [InlineData("[\"*\", 2]")]
    public async Task Call_WithKeysOnATableOfIds_IsRefused(string shape)
    {
        string table = await Api.NewAsync(shape);
        const string Body = """{"tensors": {"ids": ["king"]}}""";

        foreach (string verb in (string[])["gather", "erase", "source", "bag?include_last_offset=true"])
        {
            string body = verb.StartsWith("bag", StringComparison.Ordinal) ? """{"tensors": {"ids": [["king"]]}}""" : Body;
            Expect.Refused(await JsonAsync(table, verb, body), 400, "unsupported_dtype", "\"tensor\": \"ids\"");
        }

        Expect.Refused(await JsonAsync(table, "put", """{"tensors": {"ids": ["king"], "values": 1}}"""), 400, "unsupported_dtype", "\"tensor\": \"ids\"");
    }

    [Fact]
    public async Task Key_AtItsLongestAndOneByteMore_IsTakenAndRefused()
    {
        string table = await NewAsync();
        string longest = new('x', RowKeys.KeyByteCountMax);

        (await JsonAsync(table, "put", $$$"""{"tensors": {"ids": ["{{{longest}}}"], "values": 9}}""")).Success();
        Expect.Refused(await JsonAsync(table, "put", $$$"""{"tensors": {"ids": ["{{{longest}}}y"], "values": 9}}"""), 400, "index_out_of_range", "\"position\": [0], \"index\": null");

        await JsonAsync(table, "gather", $$$"""{"tensors": {"ids": ["{{{longest}}}"]}}""").HoldsAsync(9, 9);
    }

    [Fact]
    public async Task Gather_KeyThatMustBeThere_IsNamed()
    {
        string table = await NewAsync(", \"missing\": \"error\"");

        Expect.Refused(await JsonAsync(table, "gather", """{"tensors": {"ids": [["king"], ["köln"]]}}"""), 404, "row_not_found", "\"position\": [1, 0], \"id\": \"köln\"");
    }

    [Theory]
    [InlineData("""{"shape": [4, 2], "key": "string"}""", "key")]
    [InlineData("""{"shape": ["*", 2], "key": "string", "initializer": {"kind": "identity"}}""", "initializer")]
    public async Task Create_WhatCannotBe_IsRefused(string spec, string parameter) =>
        Expect.Refused(await Api.CreateAsync(Tables.NewName(), spec), 400, "invalid_parameter", $"\"parameter\": \"{parameter}\"");

    /// <summary>king: 1 2, Zürich: 3 4, 😀: 5 6, NaN: 7 8.</summary>
    private async Task<string> NewAsync(string more = "")
    {
        string table = await Api.NewAsync("[\"*\", 2]", Keyed + more);
        (await JsonAsync(table, "put", """{"tensors": {"ids": ["king", "Zürich", "😀", "NaN"], "values": [[1, 2], [3, 4], [5, 6], [7, 8]]}}""")).Success();
        return table;
    }

    private Task<Answer> JsonAsync(string table, string call, string body, string? accept = null) =>
        Api.PostJsonAsync($"/v1/tables/{table}/{call}", body, accept);

    private Task<Answer> ImportAsync(string table, string format, byte[] file) =>
        Api.SendAsync(HttpMethod.Post, $"/v1/tables/{table}/import?format={format}", WireBody.Content(file, "application/octet-stream"));

    private Task<Answer> ImportAsync(string table, params (string Name, Tensor Tensor)[] tensors) =>
        ImportAsync(table, "safetensors", WireBody.Encode(WireFormat.Safetensors, tensors.ToDictionary(static pair => pair.Name, static pair => pair.Tensor)));

    private static byte[] Padded(int width, params string[] keys)
    {
        byte[] bytes = new byte[keys.Length * width];
        RowKeys.Of(keys).CopyPadded(0, bytes, width);
        return bytes;
    }
}
