using System.Text.Json;
using EmbedStore.Tensors;
using EmbedStore.Testing;

namespace EmbedStore.Http.Tests.Snapshots;

/// <summary>Snapshots as an operator takes them, lists them, and goes back to one.</summary>
public sealed class SnapshotTests(TestServer server) : IClassFixture<TestServer>
{
    private ApiClient Api => server.Api;

    [Theory]
    [InlineData("")]
    [InlineData("&shards=3")]
    public async Task Restore_AfterFurtherWrites_GivesBackTheRows(string shards)
    {
        string table = await Api.NewAsync("[4, 2]", ", \"optimizer\": {\"kind\": \"adagrad\", \"lr\": 0.1, \"eps\": 1e-8}");
        (await Api.PutAsync(table, "[0:2]", Elements.F32(TensorShape.Scalar, 1))).Success();
        Answer first = (await PostAsync(table, "snapshot")).Success();
        (await Api.PutAsync(table, "[:]", Elements.F32(TensorShape.Scalar, 2))).Success();
        Answer second = (await PostAsync(table, "snapshot")).Success();
        Assert.Equal((1, 2, 2, 4), (Number(first, "snapshot"), Number(second, "snapshot"), Number(first, "rows"), Number(second, "rows")));
        Assert.True(Number(second, "version") > Number(first, "version"));

        Answer restored = (await PostAsync(table, "restore?snapshot=1" + shards)).Success();

        Assert.Equal((3, 1), (Number(restored, "snapshot"), Number(restored, "restored_from")));
        await Api.GatherAsync(table, "[:]").HoldsAsync(1, 1, 1, 1, 0, 0, 0, 0);
        Answer list = (await Api.GetAsync($"/v1/tables/{table}/snapshots")).Success();
        Assert.Equal([3, 2, 1], list["snapshots"].EnumerateArray().Select(snapshot => Number(snapshot, "snapshot")));
        Answer description = (await Api.GetAsync($"/v1/tables/{table}")).Success();
        Assert.Equal(shards.Length == 0 ? 4 : 3, Number(description, "shards"));
        (await Api.PutAsync(table, "[3]", Elements.F32(TensorShape.Scalar, 5))).Success();
        await Api.GatherAsync(table, "[3]").HoldsAsync(5, 5);
    }

    [Theory]
    [InlineData("restore", "invalid_parameter", "\"parameter\": \"snapshot\"")]
    [InlineData("restore?snapshot=7", "invalid_parameter", "\"parameter\": \"snapshot\"")]
    [InlineData("restore?snapshot=newest", "invalid_parameter", "\"parameter\": \"snapshot\"")]
    [InlineData("restore?snapshot=1&shards=0", "invalid_parameter", "\"parameter\": \"shards\"")]
    [InlineData("restore?snapshot=1&shards=1025", "invalid_parameter", "\"parameter\": \"shards\"")]
    [InlineData("restore?snapshot=1&shard=2", "unknown_parameter", "\"parameter\": \"shard\"")]
    [InlineData("snapshot?name=x", "unknown_parameter", "\"parameter\": \"name\"")]
    public async Task SnapshotCalls_WrongParameter_AreRefusedAndChangeNothing(string call, string code, string fields)
    {
        string table = await Api.NewAsync("[2, 1]");
        (await Api.PutAsync(table, "[:]", Elements.F32(TensorShape.Scalar, 1))).Success();
        Expect.Refused(await PostAsync(table, call), 400, code, fields);
        await Api.GatherAsync(table, "[:]").HoldsAsync(1, 1);
        Assert.Empty((await Api.GetAsync($"/v1/tables/{table}/snapshots")).Success()["snapshots"].EnumerateArray());
    }

    [Fact]
    public async Task SnapshotCalls_NoSuchTable_SayTableNotFound()
    {
        Expect.Refused(await PostAsync("nothing", "snapshot"), 404, "table_not_found", "\"table\": \"nothing\"");
        Expect.Refused(await PostAsync("nothing", "restore?snapshot=1"), 404, "table_not_found", "\"table\": \"nothing\"");
        Expect.Refused(await Api.GetAsync("/v1/tables/nothing/snapshots"), 404, "table_not_found", "\"table\": \"nothing\"");
    }

    [Fact]
    public async Task Restore_WriterBehindIt_IsToldWhereToGoOn()
    {
        string table = await Api.NewAsync("[2, 1]");
        await AddAsync(table, 1);
        (await PostAsync(table, "snapshot")).Success();
        await AddAsync(table, 2);
        (await PostAsync(table, "restore?snapshot=1")).Success();
        Assert.Equal(1, Number((await Api.GetAsync($"/v1/tables/{table}/writers/trainer")).Success(), "sequence"));
        Expect.Refused(await SendAsync(table, 3), 409, "sequence_gap", "\"expected\": 2");
        await AddAsync(table, 2);
        await Api.GatherAsync(table, "[:]").HoldsAsync(2, 2);
    }

    [Fact]
    public async Task Server_LogGrowsPastTheSetting_TakesASnapshotAndCutsTheLog()
    {
        await using TestServer own = await TestServer.StartAsync(("Snapshots:LogBytes", "1048576"), ("RowStore:LogSegmentBytes", "1048576"));
        (await own.Api.CreateAsync("grown", """{"shape": [2000, 64], "shards": 1}""")).Success();
        (await own.Api.PutAsync("grown", "[0]", Elements.F32(TensorShape.Scalar, 1))).Success();
        using var patience = new CancellationTokenSource(ServerProgram.Patience);
        while (Number((await own.Api.GetAsync("/v1/tables/grown")).Success()["stats"].GetProperty("shards")[0], "first_lsn") <= 1)
        {
            patience.Token.ThrowIfCancellationRequested();
            (await own.Api.PutAsync("grown", "[:]", Elements.F32(TensorShape.Scalar, 1))).Success();
        }

        Assert.Equal(2, (await own.Api.GetAsync("/v1/tables/grown/snapshots")).Success()["snapshots"].GetArrayLength());
    }

    private static long Number(Answer answer, string name) => answer[name].GetInt64();

    private static long Number(JsonElement json, string name) => json.GetProperty(name).GetInt64();

    private Task<Answer> PostAsync(string table, string call) => Api.SendAsync(HttpMethod.Post, $"/v1/tables/{table}/{call}");

    private async Task AddAsync(string table, long sequence) => (await SendAsync(table, sequence)).Success();

    private Task<Answer> SendAsync(string table, long sequence) => Api.SendAsync(
        HttpMethod.Post,
        $"/v1/tables/{table}/put?index=[:]&accumulate=true",
        WireBody.Content(WireFormat.Safetensors, new Dictionary<string, Tensor> { ["values"] = Elements.F32(TensorShape.Scalar, 1) }),
        headers: [("Embedstore-Writer", "trainer"), ("Embedstore-Sequence", sequence.ToString(System.Globalization.CultureInfo.InvariantCulture))]);
}
