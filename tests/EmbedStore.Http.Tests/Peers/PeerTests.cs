using System.Net;
using EmbedStore.Serving;
using EmbedStore.Tensors;
using EmbedStore.Testing;

namespace EmbedStore.Http.Tests;

/// <summary>Two servers over one folder answer as one.</summary>
public sealed class PeerTests(TwoServers servers) : IClassFixture<TwoServers>
{
    private const int RowCount = 64;

    [Fact]
    public async Task Rows_WrittenThroughEitherServer_ReadTheSameThroughBoth()
    {
        string table = await servers.NewAsync("[64, 3]", ", \"shards\": 4");
        Tensor values = F32(TensorShape.Of(RowCount, 3), static i => i);
        (await servers.First.PutAsync(table, "[:]", values)).Success();
        Answer bumped = (await servers.Second.PutAsync(table, "[10:20]", F32(TensorShape.Of(10, 3), static _ => 0.5f), accumulate: true)).Success();

        float[] expected = [.. values.Floats().Select(static (value, i) => i is >= 30 and < 60 ? value + 0.5f : value)];
        foreach (ApiClient api in Both())
        {
            Answer read = await api.GatherAsync(table, "[:]");
            Assert.Equal(expected, read.Rows().Floats());
            Assert.True(read.Version >= bumped["version"].GetInt64());
        }
    }

    [Fact]
    public async Task Gather_WithStatusOfRowsElsewhere_TellsStatusAndVersion()
    {
        string table = await servers.NewAsync("[\"*\", 2]", ", \"shards\": 4");
        long version = (await servers.First.PutAsync(table, "[ids]", F32(TensorShape.Of(3, 2), static i => i), ApiClient.Ids(-5, 7, long.MaxValue))).Success()["version"].GetInt64();

        foreach (ApiClient api in Both())
        {
            Answer read = (await api.GatherAsync(table, "[ids]", ApiClient.Ids(7, 8, long.MaxValue, -5), "status=true")).Success();
            Assert.Equal((byte[])[0, 1, 0, 0], read.Tensors()["status"].Data.ToArray());
            Assert.Equal([version, 0, version, version], read.Tensors()["version"].Integers());
            Assert.Equal((float[])[2, 3, 0, 0, 4, 5, 0, 1], read.Rows().Floats());
        }
    }

    [Fact]
    public async Task StringKeys_OfShardsElsewhere_AreReadExportedAndSearched()
    {
        string table = await servers.NewAsync("[\"*\", 2]", ", \"shards\": 4, \"key\": \"string\"");
        (await servers.Second.PostJsonAsync($"/v1/tables/{table}/put", """{"tensors": {"ids": ["a", "b", "c", "d", "e"], "values": [[1, 0], [2, 0], [3, 0], [4, 0], [5, 0]]}, "index": "[ids]"}""")).Success();

        foreach (ApiClient api in Both())
        {
            Answer rows = (await api.PostJsonAsync($"/v1/tables/{table}/gather", """{"tensors": {"ids": ["e", "x", "a"]}}""", "application/x-safetensors")).Success();
            Assert.Equal((float[])[5, 0, 0, 0, 1, 0], rows.Rows().Floats());
            Answer near = (await api.PostJsonAsync($"/v1/tables/{table}/nearest?k=2", """{"tensors": {"queries": [[3.9, 0]]}}""")).Success();
            Assert.Contains("\"d\",\"c\"", near.Text.Replace(" ", "", StringComparison.Ordinal), StringComparison.Ordinal);
            Answer whole = (await api.GetAsync($"/v1/tables/{table}/export?format=safetensors")).Success();
            Assert.Equal((float[])[1, 0, 2, 0, 3, 0, 4, 0, 5, 0], whole.Tensors()["rows"].Floats());
        }
    }

    [Fact]
    public async Task OpenTable_OfShardsElsewhere_IsExportedAndSearchedWhole()
    {
        string table = await servers.NewAsync("[\"*\", 1]", ", \"shards\": 4");
        long[] ids = [.. Enumerable.Range(0, 100).Select(static i => (i * 7919L) - 300_000)];
        (await servers.First.PutAsync(table, "[ids]", F32(TensorShape.Of(100, 1), static i => i), ApiClient.Ids(ids))).Success();

        foreach (ApiClient api in Both())
        {
            Answer whole = (await api.GetAsync($"/v1/tables/{table}/export?format=safetensors")).Success();
            Assert.Equal(ids, whole.Tensors()["ids"].Integers());
            Answer near = (await api.PostJsonAsync($"/v1/tables/{table}/nearest?k=3", """{"tensors": {"queries": [[50.2]]}}""", "application/x-safetensors")).Success();
            Assert.Equal([ids[50], ids[51], ids[49]], near.Tensors()["ids"].Integers());
        }
    }

    [Fact]
    public async Task Read_ThatAllowsAge_IsServedWhileTheOwnerIsAway_AndAsksItForANewerVersion()
    {
        string table = await servers.NewAsync("[64, 1]", ", \"shards\": 1");
        ShardKey shard = servers.KeysOf(table)[0];
        await servers.GiveAsync(shard, "second");
        (await servers.First.PutAsync(table, "[:]", F32(TensorShape.Of(RowCount, 1), static _ => 1))).Success();
        Assert.Equal(1, await ReadAsync("0"));
        Assert.Equal(1, await ReadAsync("60000"));

        long version = (await servers.Second.PutAsync(table, "[3]", F32(TensorShape.Of(1), static _ => 2))).Success()["version"].GetInt64();
        Assert.Equal(1, await ReadAsync("60000"));
        Assert.Equal(2, await ReadAsync("60000", version));
        Assert.Equal(2, await ReadAsync("60000"));
        Assert.Equal(2, await ReadAsync(null));

        await servers.OrphanAsync(shard);
        Assert.Equal(2, await ReadAsync("60000"));
        Answer refused = await GatherAsync("0");
        Expect.Refused(refused, 503, "shard_unavailable");
        Assert.NotNull(refused.Headers.GetValueOrDefault("retry-after"));

        async Task<float> ReadAsync(string? age, long versionMin = 0)
        {
            Answer answer = (await GatherAsync(age, versionMin)).Success();
            Assert.True(answer.Version >= versionMin);
            return answer.Rows().Floats()[0];
        }

        Task<Answer> GatherAsync(string? age, long versionMin = 0)
        {
            List<(string, string)> headers = age is null ? [] : [("Embedstore-Max-Staleness", age)];
            headers.Add(("Embedstore-Min-Version", versionMin.ToString(System.Globalization.CultureInfo.InvariantCulture)));
            return servers.First.PostJsonAsync($"/v1/tables/{table}/gather?index=%5B3%5D", "{}", "application/x-safetensors", [.. headers]);
        }
    }

    [Fact]
    public async Task Read_OfAVersionThatTheServerHasNotHeardOf_SaysAtLeastThatVersion()
    {
        string table = await servers.NewAsync("[64, 1]", ", \"shards\": 1");
        await servers.GiveAsync(servers.KeysOf(table)[0], "second");
        long version = (await servers.Second.PutAsync(table, "[3]", F32(TensorShape.Of(1), static _ => 2))).Success()["version"].GetInt64();
        foreach (string age in (string[])["0", "60000"])
        {
            (string, string)[] headers = [("Embedstore-Max-Staleness", age), ("Embedstore-Min-Version", version.ToString(System.Globalization.CultureInfo.InvariantCulture))];
            Answer answer = (await servers.First.PostJsonAsync($"/v1/tables/{table}/gather?index=%5B3%5D", "{}", "application/x-safetensors", headers)).Success();
            Assert.Equal(2, answer.Rows().Floats()[0]);
            Assert.True(answer.Version >= version, $"Version {version} was asked for, and {answer.Version} came.");
        }
    }

    [Fact]
    public async Task Call_PassedOnToAServerThatHalted_EndsWhenItIsNoMemberAnyMore()
    {
        // Takes connections, and says nothing.
        using var halted = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        halted.Start();
        servers.Owners.Add("halted", new Uri($"http://{halted.LocalEndpoint}"));
        servers.Owners.Home = "halted";
        try
        {
            Task<Answer> call = servers.First.CreateAsync(Tables.NewName(), """{"shape": [4, 2]}""");
            using System.Net.Sockets.Socket arrived = await halted.AcceptSocketAsync();
            servers.Owners.Remove("halted");
            Expect.Refused(await call.WaitAsync(ServerProgram.Patience), 503, "shard_unavailable");
        }
        finally
        {
            servers.Owners.Home = "first";
        }
    }

    [Fact]
    public async Task Batches_SentToBothServersAtOnce_CountOnce()
    {
        string table = await servers.NewAsync("[64, 1]", ", \"shards\": 4, \"optimizer\": {\"kind\": \"sgd\", \"lr\": 1}");
        for (int sequence = 1; sequence <= 30; sequence++)
        {
            string body = $$$"""{"tensors": {"ids": [{{{string.Join(',', Enumerable.Range(0, RowCount))}}}], "gradients": {"dtype": "F32", "shape": [64, 1], "data": [{{{string.Join(',', Enumerable.Repeat(-1, RowCount))}}}]}}, "index": "[ids]"}""";
            (string, string)[] headers = [("Embedstore-Writer", "trainer"), ("Embedstore-Sequence", $"{sequence}")];
            Answer[] answers = await Task.WhenAll(Both().Select(api => api.PostJsonAsync($"/v1/tables/{table}/apply", body, null, headers)));
            Assert.All(answers, static answer => answer.Success());
            Assert.Single(answers, static answer => answer.Headers.GetValueOrDefault("embedstore-duplicate") == "true");
        }

        foreach (ApiClient api in Both())
        {
            Assert.All((await api.GatherAsync(table, "[:]")).Rows().Floats(), static value => Assert.Equal(30, value));
            Assert.Equal(30, (await api.GetAsync($"/v1/tables/{table}/writers/trainer")).Success()["sequence"].GetInt64());
        }
    }

    /// <param name="letsGo">False: the owner goes on as if it still were, as one that was stopped or cut off does.</param>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Shards_ThatMoveUnderAWriter_LoseNothingAndCountNothingTwice(bool letsGo)
    {
        string table = await servers.NewAsync("[64, 2]", ", \"shards\": 4");
        IReadOnlyList<ShardKey> shards = servers.KeysOf(table);
        const int BatchCount = 30;
        int sequence = 0;
        using var applied = new SemaphoreSlim(1);
        Task moving = MoveAsync();
        while (sequence < BatchCount)
        {
            sequence++;
            string body = $$$"""{"tensors": {"ids": [{{{string.Join(',', Enumerable.Range(0, RowCount))}}}], "values": {"dtype": "F32", "shape": [1], "data": [1]}}, "index": "[ids]", "accumulate": true}""";
            (string, string)[] headers = [("Embedstore-Writer", "mover"), ("Embedstore-Sequence", $"{sequence}")];
            await UntilServedAsync(() => Both()[sequence % 2].PostJsonAsync($"/v1/tables/{table}/put", body, null, headers));
            Answer read = await UntilServedAsync(() => Both()[(sequence + 1) % 2].GatherAsync(table, "[:]"));
            Assert.All(read.Rows().Floats(), value => Assert.Equal(sequence, value));
            applied.Release();
        }

        await moving;

        // As a client does that is told to try again; and what a server could not open it opens again, as its keeper sees to.
        async Task<Answer> UntilServedAsync(Func<Task<Answer>> call)
        {
            Answer answer = await call();
            for (int retry = 0; answer.Status == 503 && retry < 10; retry++)
            {
                servers.Retry(shards);
                answer = await call();
            }

            return answer.Success();
        }

        async Task MoveAsync()
        {
            var random = new Random(TestSeed.Current);
            for (int move = 0; move < BatchCount; move++)
            {
                // Beside the next batch.
                await applied.WaitAsync();
                await servers.GiveAsync(shards[random.Next(shards.Count)], random.Next(2) == 0 ? "first" : "second", letsGo);
            }
        }
    }

    /// <summary>What a server has in memory of a shard is forgotten when the shard comes back, and not shown while it is elsewhere.</summary>
    [Fact]
    public async Task Rows_InMemoryOfShardsThatGoAndComeBack_AreNeverOlderThanTheNewestWrite()
    {
        string table = await servers.NewAsync("[64, 1]", ", \"shards\": 4");
        IReadOnlyList<ShardKey> shards = servers.KeysOf(table);
        var random = new Random(TestSeed.Current);
        float[] model = new float[RowCount];
        int inMemory = 0;
        for (int step = 1; step <= 120; step++)
        {
            int row = random.Next(16);
            ApiClient api = Both()[random.Next(2)];
            if (random.Next(3) == 0)
            {
                (await api.CallAsync(table, "erase", "[ids]", ApiClient.Ids(row))).Success();
                model[row] = 0;
            }
            else
            {
                (await api.PutAsync(table, "[ids]", F32(TensorShape.Of(1, 1), _ => step), ApiClient.Ids(row))).Success();
                model[row] = step;
            }

            // What is in a snapshot only is not told again by the log.
            if (random.Next(12) == 0)
            {
                (await api.SendAsync(HttpMethod.Post, $"/v1/tables/{table}/snapshot")).Success();
            }

            if (random.Next(6) == 0)
            {
                await servers.GiveAsync(shards[random.Next(shards.Count)], random.Next(2) == 0 ? "first" : "second");
            }

            foreach (ApiClient reader in Both())
            {
                Assert.Equal(model, (await reader.GatherAsync(table, "[:]", query: "missing=zeros")).Rows().Floats());
            }

            inMemory += servers.HasInMemory("first", table, row) ? 1 : 0;
            inMemory += servers.HasInMemory("second", table, row) ? 1 : 0;
        }

        Assert.InRange(inMemory, 60, 120);
    }

    [Fact]
    public async Task Tables_CreatedAndDroppedThroughTheOtherServer_AreThereAndGoneAtOnce()
    {
        string table = Tables.NewName();
        (await servers.Second.CreateAsync(table, """{"shape": [4, 2]}""")).Success();
        (await servers.First.GetAsync($"/v1/tables/{table}")).Success();
        (await servers.Second.GetAsync($"/v1/tables/{table}")).Success();
        Assert.Equal(200, (await servers.Second.CreateAsync(table, """{"shape": [4, 2]}""")).Status);
        Expect.Refused(await servers.Second.CreateAsync(table, """{"shape": [5, 2]}"""), 409, "table_exists");
        Assert.Equal(204, (await servers.Second.DropAsync(table)).Status);
        foreach (ApiClient api in Both())
        {
            Expect.Refused(await api.GetAsync($"/v1/tables/{table}"), 404, "table_not_found");
        }
    }

    [Fact]
    public async Task PeerDoor_WithoutTheSecret_IsClosed_AndNoOtherDoorHasItsPaths()
    {
        using var http = new HttpClient { BaseAddress = servers.PeerAddress("first") };
        var api = new ApiClient(http);
        Assert.Equal(HttpStatusCode.Unauthorized, (HttpStatusCode)(await api.GetAsync("/v1/tables")).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (HttpStatusCode)(await api.PostJsonAsync("/peer/Refresh/0/0/0", "")).Status);
        Expect.Refused(await servers.First.PostJsonAsync("/peer/Refresh/0/0/0", ""), 404, "unknown_path");
    }

    [Fact]
    public async Task Adam_StepsThroughEitherServer_AreThoseOfOneServer()
    {
        const string Spec = ", \"shards\": 4, \"optimizer\": {\"kind\": \"adam\", \"lr\": 0.1}";
        await using TestServer alone = await TestServer.StartAsync();
        string expected = await alone.Api.NewAsync("[16, 3]", Spec);
        string table = await servers.NewAsync("[16, 3]", Spec);
        var random = new Random(TestSeed.Current);
        for (int step = 0; step < 12; step++)
        {
            var tensors = new Dictionary<string, Tensor>(ApiClient.Ids(random.Next(16), random.Next(16), random.Next(16)))
            {
                ["gradients"] = F32(TensorShape.Of(3, 3), _ => random.NextSingle()),
            };
            (await alone.Api.CallAsync(expected, "apply", "[ids]", tensors)).Success();
            (await Both()[step % 2].CallAsync(table, "apply", "[ids]", tensors)).Success();
        }

        Assert.Equal(await alone.Api.ReadWholeAsync(expected), await servers.Second.ReadWholeAsync(table));
    }

    [Fact]
    public async Task Snapshot_TakenWhileBothServersWrite_HoldsEachRequestWholeOrNotAtAll()
    {
        string table = await servers.NewAsync("[64, 1]", ", \"shards\": 4");
        int written = 0;
        using var ending = new CancellationTokenSource();
        Task[] writers = [.. Both().Select(api => Task.Run(() => WriteAsync(api)))];
        Answer taken = (await servers.Second.SendAsync(HttpMethod.Post, $"/v1/tables/{table}/snapshot")).Success();
        await ending.CancelAsync();
        await Task.WhenAll(writers);
        Assert.True(written > 0);
        Answer listed = (await servers.First.GetAsync($"/v1/tables/{table}/snapshots")).Success();
        Assert.Equal(taken["snapshot"].GetInt64(), listed["snapshots"][0].GetProperty("snapshot").GetInt64());

        (await servers.Second.SendAsync(HttpMethod.Post, $"/v1/tables/{table}/restore?snapshot={taken["snapshot"].GetInt64()}")).Success();
        await servers.DealAsync(table);
        foreach (ApiClient api in Both())
        {
            float[] rows = (await api.GatherAsync(table, "[:]")).Rows().Floats();
            Assert.All(rows, row => Assert.Equal(rows[0], row));
        }

        async Task WriteAsync(ApiClient api)
        {
            while (!ending.IsCancellationRequested)
            {
                (await api.PutAsync(table, "[:]", F32(TensorShape.Of(1), static _ => 1), accumulate: true)).Success();
                Interlocked.Increment(ref written);
            }
        }
    }

    [Fact]
    public async Task Capacity_InACluster_NeedsOneShard_AndIsExactFromEitherServer()
    {
        Expect.Refused(
            await servers.First.CreateAsync(Tables.NewName(), """{"shape": ["*", 1], "capacity": {"rows": 5, "evict": "lru"}, "shards": 2}"""), 400, "invalid_parameter", "\"parameter\": \"shards\"");
        string table = await servers.NewAsync("[\"*\", 1]", ", \"capacity\": {\"rows\": 5, \"evict\": \"lru\"}");
        for (int id = 0; id < 20; id++)
        {
            (await Both()[id % 2].PutAsync(table, "[ids]", F32(TensorShape.Of(1, 1), _ => id), ApiClient.Ids(id))).Success();
        }

        foreach (ApiClient api in Both())
        {
            Assert.Equal(5, (await api.GetAsync($"/v1/tables/{table}")).Success()["stats"].GetProperty("rows").GetInt64());
            long[] left = (await api.GetAsync($"/v1/tables/{table}/export?format=safetensors")).Tensors()["ids"].Integers();
            Assert.Equal([15L, 16, 17, 18, 19], left);
        }
    }

    private ApiClient[] Both() => [servers.First, servers.Second];

    private static Tensor F32(TensorShape shape, Func<int, float> element) => Tensor.Of(shape, Enumerable.Range(0, (int)shape.ElementCount).Select(element).ToArray());
}
