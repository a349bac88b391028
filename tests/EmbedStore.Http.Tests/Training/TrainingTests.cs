using EmbedStore.Tensors;
using EmbedStore.Testing;

namespace EmbedStore.Http.Tests.Training;

/// <summary>Steps, writers and calls over many tables, as a trainer makes them.</summary>
public sealed class TrainingTests(TestServer server) : IClassFixture<TestServer>
{
    private const string Sgd = ", \"optimizer\": {\"kind\": \"sgd\", \"lr\": 0.5}";

    private ApiClient Api => server.Api;

    [Fact]
    public async Task Apply_EqualIds_SumsTheirGradientsAndTakesOneStep()
    {
        string table = await Api.NewAsync("[4, 2]", ", \"optimizer\": {\"kind\": \"adagrad\", \"lr\": 0.1, \"eps\": 1e-8}");
        (await Api.PutAsync(table, "[1:3]", Elements.F32(TensorShape.Of(2, 2), 3, 4, 5, 6))).Success();

        Answer answer = await StepAsync(table, [1, 1, 2], [.1f, .2f, .3f, -.4f, 1, -1]);

        Assert.Equal(3, answer.Success()["applied"].GetInt64());
        float[] rows = (await Api.GatherAsync(table, "[1:3]")).Rows().Floats();
        Assert.Equal([2.9f, 4.1f, 4.9f, 6.1f], rows, (a, b) => Math.Abs(a - b) < 1e-5);
    }

    [Fact]
    public async Task Apply_RateOfTheRequest_TakesThePlaceOfTheTables()
    {
        string table = await Api.NewAsync("[2, 1]", Sgd);
        (await StepAsync(table, [0], [1], query: "lr=2")).Success();
        await Api.GatherAsync(table, "[:]").HoldsAsync(-2, 0);
    }

    [Theory]
    [InlineData("lr=-1", "invalid_parameter", "\"parameter\": \"lr\"")]
    [InlineData("lr=1e39", "invalid_parameter", "\"parameter\": \"lr\"")]
    [InlineData("lr=fast", "invalid_parameter", "\"parameter\": \"lr\"")]
    [InlineData("accumulate=true", "unknown_parameter", "\"parameter\": \"accumulate\"")]
    public async Task Apply_WrongParameter_IsRefusedAndChangesNothing(string query, string code, string fields)
    {
        string table = await Api.NewAsync("[2, 1]", Sgd);
        Expect.Refused(await StepAsync(table, [0], [1], query: query), 400, code, fields);
        await Api.GatherAsync(table, "[:]").HoldsAsync(0, 0);
    }

    [Fact]
    public async Task Apply_WrongGradients_AreRefusedAndChangeNothing()
    {
        string table = await Api.NewAsync("[4, 2]", Sgd);
        Expect.Refused(await StepAsync(table, [0, 1], [1, 1, 1, float.NaN]), 400, "invalid_gradient", "\"tensor\": \"gradients\", \"position\": [1, 1]");
        Expect.Refused(await StepAsync(table, [0], [float.PositiveInfinity, 0]), 400, "invalid_gradient", "\"position\": [0, 0]");
        Expect.Refused(await StepAsync(table, [9], [1, 1]), 400, "index_out_of_range", "\"tensor\": \"ids\", \"position\": [0], \"index\": 9, \"size\": 4");
        Expect.Refused(await CallAsync(table, [0, 1], Elements.F32(TensorShape.Of(2), 1, 1)), 400, "shape_mismatch", "\"expected\": [2, 2], \"actual\": [2]");
        Expect.Refused(await CallAsync(table, [0], Elements.Mask(true)), 400, "unsupported_dtype", "\"tensor\": \"gradients\"");
        Expect.Refused(await Api.CallAsync(table, "apply", tensors: ApiClient.Ids(0)), 400, "missing_tensor", "\"tensor\": \"gradients\"");
        Expect.Refused(await Api.CallAsync(table, "apply", "[0, 1]", new Dictionary<string, Tensor> { ["gradients"] = Elements.F32(TensorShape.Scalar, 1) }), 400, "too_many_indices");
        await Api.GatherAsync(table, "[:]").HoldsAsync(0, 0, 0, 0, 0, 0, 0, 0);
    }

    [Fact]
    public async Task Apply_TableWithoutOptimizer_IsRefused() =>
        Expect.Refused(await StepAsync(await Api.NewAsync("[2, 1]"), [0], [1]), 400, "invalid_parameter", "\"parameter\": \"optimizer\"");

    [Theory]
    [InlineData("apply", "gradients")]
    [InlineData("put", "values")]
    public async Task Write_SameSequenceAgain_IsAcknowledgedAndNotApplied(string verb, string tensor)
    {
        string table = await Api.NewAsync("[8, 1]", Sgd);
        var tensors = new Dictionary<string, Tensor>(ApiClient.Ids(0, 1, 2, 3, 4, 5, 6, 7)) { [tensor] = Elements.F32(TensorShape.Of(8, 1), 1, 1, 1, 1, 1, 1, 1, 1) };
        string path = $"/v1/tables/{table}/{verb}{(verb == "put" ? "?accumulate=true" : "")}";

        Answer first = (await SendAsync(path, tensors, Writer(1))).Success();
        Answer again = (await SendAsync(path, tensors, Writer(1))).Success();

        Assert.False(first.Headers.ContainsKey("embedstore-duplicate"));
        Assert.Equal("true", again.Headers["embedstore-duplicate"]);
        double expected = verb == "put" ? 1 : -0.5;
        await Api.GatherAsync(table, "[:]").HoldsAsync([.. Enumerable.Repeat(expected, 8)]);
        Assert.Equal(1, (await Api.GetAsync($"/v1/tables/{table}/writers/trainer"))["sequence"].GetInt64());
    }

    [Fact]
    public async Task Write_HoleInTheSequence_SaysWhichIsExpected()
    {
        string table = await Api.NewAsync("[2, 1]", Sgd);
        string path = $"/v1/tables/{table}/apply";
        Dictionary<string, Tensor> step = Step([0], [1]);
        (await SendAsync(path, step, Writer(1))).Success();
        Expect.Refused(await SendAsync(path, step, Writer(3)), 409, "sequence_gap", "\"expected\": 2");
        (await SendAsync(path, step, Writer(2))).Success();
        await Api.GatherAsync(table, "[0]").HoldsAsync(-1);
    }

    [Fact]
    public async Task Write_LowerEpoch_IsFenced()
    {
        string table = await Api.NewAsync("[2, 1]", Sgd);
        string path = $"/v1/tables/{table}/apply";
        (await SendAsync(path, Step([0], [1]), Writer(1, epoch: 4))).Success();
        Expect.Refused(await SendAsync(path, Step([0], [1]), Writer(2, epoch: 3)), 409, "writer_fenced", "\"expected\": 4");
        Assert.Equal(4, (await Api.GetAsync($"/v1/tables/{table}/writers/trainer"))["epoch"].GetInt64());
    }

    [Fact]
    public async Task Write_HigherEpochOnARepeat_FencesTheWriterBefore()
    {
        string table = await Api.NewAsync("[8, 1]", Sgd);
        string path = $"/v1/tables/{table}/apply";
        (await SendAsync(path, Step([0, 1, 2, 3], [1, 1, 1, 1]), Writer(1, epoch: 1))).Success();

        Answer repeat = (await SendAsync(path, Step([0, 1, 2, 3], [1, 1, 1, 1]), Writer(1, epoch: 2))).Success();

        Assert.Equal("true", repeat.Headers["embedstore-duplicate"]);
        Expect.Refused(await SendAsync(path, Step([4], [1]), Writer(2, epoch: 1)), 409, "writer_fenced", "\"expected\": 2");
        (await SendAsync(path, Step([5], [1]), Writer(2, epoch: 2))).Success();
        await Api.GatherAsync(table, "[:]").HoldsAsync(-0.5, -0.5, -0.5, -0.5, 0, -0.5, 0, 0);
    }

    [Fact]
    public async Task Write_NoColumnsWithAWriter_TakesItsSequence()
    {
        string table = await Api.NewAsync("[4, 2]", Sgd);
        var nothing = new Dictionary<string, Tensor>(ApiClient.Ids(0, 1)) { ["values"] = Elements.F32(TensorShape.Of(2, 0)) };
        Answer answer = (await SendAsync($"/v1/tables/{table}/put?index=[ids,0:0]", nothing, Writer(1))).Success();
        Assert.Equal(0, answer["written"].GetInt64());
        Assert.Equal(1, (await Api.GetAsync($"/v1/tables/{table}/writers/trainer"))["sequence"].GetInt64());
    }

    [Theory]
    [InlineData("""{"kind": "adam", "beta1": 1}""")]
    [InlineData("""{"kind": "adam", "beta2": -0.1}""")]
    [InlineData("""{"kind": "adagrad", "eps": -1}""")]
    [InlineData("""{"kind": "ftrl", "lr_power": 0.5}""")]
    [InlineData("""{"kind": "sgd", "lr": -1}""")]
    public async Task Create_OptimizerOutOfItsRange_IsRefused(string optimizer) =>
        Expect.Refused(await Api.CreateAsync(Tables.NewName(), $$"""{"shape": [2, 1], "optimizer": {{optimizer}}}"""), 400, "invalid_parameter", "\"parameter\": \"optimizer\"");

    [Fact]
    public async Task Update_NameThatBeginsAnother_KeepsItsOwnTensors()
    {
        string a = await Api.NewAsync("[2, 1]");
        string b = await Api.NewAsync("[2, 1]");
        string body = $$"""
            {"features": [{"name": "user", "table": "{{a}}", "op": "put"}, {"name": "user.history", "table": "{{b}}", "op": "put"}],
             "tensors": {"user.ids": [0], "user.values": 1, "user.history.ids": [1], "user.history.values": 2} }
            """;
        (await UpdateAsync(body)).Success();
        await Api.GatherAsync(a, "[:]").HoldsAsync(1, 0);
        await Api.GatherAsync(b, "[:]").HoldsAsync(0, 2);
    }

    [Fact]
    public async Task Update_HalfASurrogatePair_IsRefused() =>
        Assert.Equal("invalid_parameter", (await Api.SendAsync(
            HttpMethod.Post, "/v1/update?features=" + Uri.EscapeDataString("""[{"name":"\ud800","table":"t","op":"put"}]"""))).Code);

    [Fact]
    public async Task Gather_FewColumnsOfWideRows_ReadsThemInRuns()
    {
        string table = await Api.NewAsync("[4, 65536]");
        (await Api.PutAsync(table, "[:, 0]", Elements.F32(TensorShape.Of(4), 1, 2, 3, 4))).Success();
        long[] ids = [.. Enumerable.Range(0, 10_000).Select(static i => i % 4L)];
        foreach (string query in new[] { "", "status=true" })
        {
            float[] column = (await Api.GatherAsync(table, "[ids, 0]", ApiClient.Ids(ids), query)).Rows().Floats();
            Assert.Equal(ids.Select(static id => id + 1f), column);
        }
    }

    [Theory]
    [InlineData("Embedstore-Sequence", "0")]
    [InlineData("Embedstore-Sequence", "first")]
    [InlineData("Embedstore-Sequence", null)]
    [InlineData("Embedstore-Writer-Epoch", "-1")]
    [InlineData("Embedstore-Writer", null)]
    public async Task Write_HeaderOutOfRange_IsRefused(string header, string? value)
    {
        string table = await Api.NewAsync("[2, 1]", Sgd);
        (string Name, string Value)[] headers = [.. Writer(1, epoch: 1).Where(known => known.Name != header)];
        headers = value is null ? headers : [.. headers, (header, value)];
        Answer answer = await SendAsync($"/v1/tables/{table}/apply", Step([0], [1]), headers);
        Expect.Refused(answer, 400, "invalid_parameter");
        await Api.GatherAsync(table, "[0]").HoldsAsync(0);
    }

    [Fact]
    public async Task Write_WriterNameTooLongOrWithASlash_IsRefused()
    {
        string table = await Api.NewAsync("[2, 1]", Sgd);
        Expect.Refused(await SendAsync($"/v1/tables/{table}/apply", Step([0], [1]), [("Embedstore-Writer", "team/a"), ("Embedstore-Sequence", "1")]), 400, "invalid_parameter");
        Answer answer = await SendAsync($"/v1/tables/{table}/apply", Step([0], [1]), [("Embedstore-Writer", new string('w', 10_240)), ("Embedstore-Sequence", "1")]);
        Expect.Refused(answer, 400, "invalid_parameter", "\"parameter\": \"Embedstore-Writer\"");
    }

    [Fact]
    public async Task Writers_UnknownName_StandsAtZero() =>
        Assert.Equal(0, (await Api.GetAsync($"/v1/tables/{await Api.NewAsync("[2, 1]")}/writers/nobody")).Success()["sequence"].GetInt64());

    [Fact]
    public async Task Update_TwoTables_WritesBothAndRepeatsWithoutHarm()
    {
        string put = await Api.NewAsync("[4, 1]");
        string trained = await Api.NewAsync("[4, 1]", Sgd);
        string body = $$"""
            {"features": [{"name": "a", "table": "{{put}}", "op": "put", "accumulate": true}, {"name": "b", "table": "{{trained}}", "op": "apply", "lr": 1}],
             "tensors": {"a.ids": [0, 1], "a.values": 3, "b.ids": [2], "b.gradients": [[1.5]]} }
            """;
        Answer first = (await UpdateAsync(body, Writer(1))).Success();
        Answer again = (await UpdateAsync(body, Writer(1))).Success();

        Assert.Equal(2, first["features"][0].GetProperty("written").GetInt64());
        Assert.Equal(1, first["features"][1].GetProperty("applied").GetInt64());
        Assert.Equal("true", again.Headers["embedstore-duplicate"]);
        await Api.GatherAsync(put, "[:]").HoldsAsync(3, 3, 0, 0);
        await Api.GatherAsync(trained, "[:]").HoldsAsync(0, 0, -1.5, 0);
    }

    [Fact]
    public async Task Update_OnePartIsWrong_WritesNone()
    {
        string good = await Api.NewAsync("[4, 1]");
        string body = $$"""
            {"features": [{"name": "a", "table": "{{good}}", "op": "put"}, {"name": "b", "table": "{{good}}", "op": "put"}],
             "tensors": {"a.ids": [0], "a.values": 3, "b.ids": [7], "b.values": 3} }
            """;
        Expect.Refused(await UpdateAsync(body), 400, "index_out_of_range", "\"index\": 7, \"size\": 4");
        await Api.GatherAsync(good, "[:]").HoldsAsync(0, 0, 0, 0);
    }

    [Theory]
    [InlineData("{}", "invalid_parameter")]
    [InlineData("""{"features": 3}""", "invalid_parameter")]
    [InlineData("""{"features": []}""", "invalid_parameter")]
    [InlineData("""{"features": [{"name": "a", "op": "put"}]}""", "invalid_parameter")]
    [InlineData("""{"features": [{"name": "a", "table": "t", "op": "put", "color": 1}]}""", "unknown_parameter")]
    [InlineData("""{"features": [{"name": "a", "table": "t", "op": "put"}, {"name": "a", "table": "t", "op": "put"}]}""", "invalid_parameter")]
    [InlineData("""{"features": [{"name": "a", "table": "t", "op": "put"}], "tensors": {"b.ids": [1]}}""", "unknown_tensor")]
    [InlineData("""{"features": [{"name": "a", "table": "none", "op": "put"}]}""", "table_not_found")]
    public async Task Update_WrongFeatures_AreRefused(string body, string code) =>
        Assert.Equal(code, (await UpdateAsync(body)).Code);

    private static (string Name, string Value)[] Writer(long sequence, long? epoch = null) =>
        [("Embedstore-Writer", "trainer"), ("Embedstore-Sequence", $"{sequence}"), .. epoch is null ? Array.Empty<(string, string)>() : [("Embedstore-Writer-Epoch", $"{epoch}")]];

    private static Dictionary<string, Tensor> Step(long[] ids, float[] gradients) =>
        new(ApiClient.Ids(ids)) { ["gradients"] = Elements.F32(TensorShape.Of(ids.Length, gradients.Length / ids.Length), gradients) };

    private Task<Answer> StepAsync(string table, long[] ids, float[] gradients, string query = "") => Api.CallAsync(table, "apply", tensors: Step(ids, gradients), query: query);

    private Task<Answer> CallAsync(string table, long[] ids, Tensor gradients) =>
        Api.CallAsync(table, "apply", tensors: new Dictionary<string, Tensor>(ApiClient.Ids(ids)) { ["gradients"] = gradients });

    private Task<Answer> SendAsync(string path, Dictionary<string, Tensor> tensors, (string Name, string Value)[] headers) =>
        Api.SendAsync(HttpMethod.Post, path, WireBody.Content(WireFormat.Safetensors, tensors), headers: headers);

    private Task<Answer> UpdateAsync(string json, params (string Name, string Value)[] headers) =>
        Api.PostJsonAsync("/v1/update", json, headers: headers);
}
