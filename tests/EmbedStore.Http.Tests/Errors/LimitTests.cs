using System.Net.Sockets;
using EmbedStore.Tensors;
using EmbedStore.Testing;

namespace EmbedStore.Http.Tests.Errors;

/// <summary>Limits, lengths that lie, connections that break, and tables that go while they are read.</summary>
public class LimitTests
{
    [Fact]
    public async Task Body_OverTheLimit_IsRefusedWhetherAnnouncedOrNot()
    {
        await using TestServer server = await TestServer.StartAsync(("Limits:BodyBytes", "4096"), ("Limits:ResultBytes", "4096"), ("Limits:IdsPerRequest", "100"), ("Limits:ImportBytes", "8192"));
        string table = await server.Api.NewAsync("[1000, 2]");
        string path = $"/v1/tables/{table}/gather";
        byte[] large = new byte[5000];
        Expect.Refused(await server.Api.SendAsync(HttpMethod.Post, path, WireBody.Content(large, "text/plain")), 413, "body_too_large", "\"limit\": 4096, \"size\": 5000");
        using var unannounced = new StreamContent(new MemoryStream(large));
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = unannounced };
        request.Headers.TransferEncodingChunked = true;
        Expect.Refused(await Answer.ReadAsync(await server.Api.Http.SendAsync(request)), 413, "body_too_large", "\"limit\": 4096");
        Expect.Refused(await server.Api.GatherAsync(table, "[:]"), 413, "result_too_large", "\"limit\": 4096, \"size\": 8000");
        Expect.Refused(await server.Api.GatherAsync(table, null, ApiClient.Ids(new long[101])), 413, "body_too_large", "\"limit\": 100, \"size\": 101");
        Expect.Refused(await server.Api.SendAsync(HttpMethod.Post, $"/v1/tables/{table}/import?format=npy", WireBody.Content(new byte[8193], "application/x-npy")), 413, "body_too_large", "\"limit\": 8192, \"size\": 8193");
        Assert.Equal(200, (await server.Api.GatherAsync(table, "[:500]")).Status);
    }

    /// <summary>Far more than sockets hold, so that the answer is there while the body is still being sent.</summary>
    [Theory]
    [InlineData("gather", true)]
    [InlineData("gather", false)]
    [InlineData("import?format=npy", true)]
    [InlineData("import?format=npy", false)]
    public async Task Body_StillOnItsWayWhenItIsRefused_GetsTheAnswer(string call, bool announced)
    {
        const int Calls = 10;
        await using TestServer server = await TestServer.StartAsync(("Limits:BodyBytes", "4096"), ("Limits:ImportBytes", "4096"));
        string table = await server.Api.NewAsync("[10, 2]");
        for (int i = 0; i < Calls; i++)
        {
            using var body = new StreamContent(new MemoryStream(new byte[16 << 20]));
            using var request = new HttpRequestMessage(HttpMethod.Post, $"/v1/tables/{table}/{call}") { Content = body };
            request.Headers.TransferEncodingChunked = !announced;
            Answer answer = await Answer.ReadAsync(await server.Api.Http.SendAsync(request));
            Expect.Refused(answer, 413, "body_too_large", "\"limit\": 4096");
            Assert.Equal("close", answer.Headers["connection"]);
            (await server.Api.GatherAsync(table, "[0]")).Success();
        }
    }

    [Fact]
    public async Task Body_WithoutAnEnd_IsCutOff()
    {
        await using TestServer server = await TestServer.StartAsync(("Limits:BodyBytes", "4096"));
        string table = await server.Api.NewAsync("[10, 2]");
        await using NetworkStream stream = await RawSocket.SendAsync(server.Address, $"POST /v1/tables/{table}/gather HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
        byte[] chunk = [.. "100000\r\n"u8, .. new byte[1 << 20], .. "\r\n"u8];
        using var patience = new CancellationTokenSource(ServerProgram.Patience);
        await Assert.ThrowsAsync<IOException>(async () =>
        {
            while (true)
            {
                await stream.WriteAsync(chunk, patience.Token);
            }
        });
    }

    /// <summary>A length of a hundred terabytes costs no memory and no disk.</summary>
    [Theory]
    [InlineData("gather", "268435457", "413")]
    [InlineData("gather", "9223372036854775807", "413")]
    [InlineData("import?format=npy", "9223372036854775807", "413")]
    [InlineData("gather", "-1", "400")]
    [InlineData("gather", "99999999999999999999999", "400")]
    public async Task ContentLength_ThatLies_IsRefusedAtOnce(string call, string length, string status)
    {
        await using TestServer server = await TestServer.StartAsync();
        string table = await server.Api.NewAsync("[4, 2]");
        string answer = await RawSocket.ExchangeAsync(server.Address, $"POST /v1/tables/{table}/{call} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n");
        Assert.StartsWith($"HTTP/1.1 {status} ", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Body_CutBeforeItsEnd_ChangesNothing()
    {
        await using TestServer server = await TestServer.StartAsync();
        string table = await server.Api.NewCountedAsync(4, 2);
        string body = System.Text.Encoding.Latin1.GetString(WireBody.Encode(WireFormat.Safetensors, new Dictionary<string, Tensor> { ["values"] = Tensor.Of(TensorShape.Of(2), 7, 7) }));
        foreach (string call in new[] { "put?index=[0]", "import?format=safetensors" })
        {
            string head = $"POST /v1/tables/{table}/{call} HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-safetensors\r\nContent-Length: {body.Length}\r\n\r\n";
            await RawSocket.CutAsync(server.Address, head + body[..^1]);
        }

        for (int length = 1; length < body.Length; length++)
        {
            Expect.Refused(await server.Api.SendAsync(HttpMethod.Post, $"/v1/tables/{table}/put?index=[0]", WireBody.Content([.. body[..length].Select(static c => (byte)c)], "application/x-safetensors")), 400, "malformed_body");
        }

        await server.Api.GatherAsync(table, "[...]").HoldsAsync(0, 1, 2, 3, 4, 5, 6, 7);
        Assert.Empty(Directory.GetFiles(server.DataFolder, "import-*"));
    }

    [Fact]
    public async Task Expect100Continue_IsAnsweredBeforeTheBodyIsSent()
    {
        await using TestServer server = await TestServer.StartAsync();
        string table = await server.Api.NewAsync("[4, 2]");
        await using NetworkStream stream = await RawSocket.SendAsync(server.Address, $"POST /v1/tables/{table}/gather?index=[0] HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n");
        await RawSocket.ReadUntilAsync(stream, "100 Continue");
        await stream.WriteAsync("{}"u8.ToArray());
        await RawSocket.ReadUntilAsync(stream, "200 OK");
    }

    /// <summary>Calls wait for the rest of their bodies, so that they are in flight for certain.</summary>
    [Fact]
    public async Task Calls_BeyondThoseInFlight_AreAskedToComeAgain()
    {
        await using TestServer server = await TestServer.StartAsync(("Limits:DataCallsPerCore", "1"));
        string table = await server.Api.NewAsync("[4, 2]");
        string head = $"POST /v1/tables/{table}/gather?index=[0] HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n";
        var waiting = new List<NetworkStream>();
        for (int i = 0; i < Environment.ProcessorCount; i++)
        {
            waiting.Add(await RawSocket.SendAsync(server.Address, head));
            await RawSocket.ReadUntilAsync(waiting[i], "100 Continue");   // it is inside
        }

        Answer refused = await server.Api.GatherAsync(table, "[0]");
        Expect.Refused(refused, 429, "overloaded");
        Assert.True(refused.Headers.ContainsKey("retry-after"));
        foreach (NetworkStream stream in waiting)
        {
            await stream.WriteAsync("{}"u8.ToArray());
            await RawSocket.ReadUntilAsync(stream, "200 OK");
            await stream.DisposeAsync();
        }

        (await server.Api.GatherAsync(table, "[0]")).Success();
    }

    [Fact]
    public async Task Drop_WhileTheTableIsRead_GivesWholeRightAnswersOrNotFound()
    {
        await using TestServer server = await TestServer.StartAsync();
        ApiClient api = server.Api;
        bool done = false;
        Task[] readers = [.. Enumerable.Range(0, 6).Select(async _ =>
        {
            while (!Volatile.Read(ref done))
            {
                Answer answer = await api.GatherAsync("t", "[:]");
                if (answer.Code != "table_not_found")
                {
                    Tensor rows = answer.Rows();
                    float expected = rows.Shape[1];
                    Assert.True(rows.Shape[0] == 1000 * rows.Shape[1] && rows.Floats().All(value => value == expected || value == 0), $"{rows.Shape}");
                }
            }
        })];
        for (int round = 0; round < 20; round++)
        {
            int width = 1 + (round % 3);
            Assert.Equal(201, (await api.CreateAsync("t", $$"""{"shape": [{{1000 * width}}, {{width}}]}""")).Status);
            (await api.PutAsync("t", "[:]", Elements.F32(TensorShape.Scalar, width))).Success();
            (await api.GatherAsync("t", "[0]")).Success();
            Assert.Equal(204, (await api.DropAsync("t")).Status);
        }

        Volatile.Write(ref done, true);
        await Task.WhenAll(readers);
        Assert.Empty(Directory.GetDirectories(Path.Combine(server.DataFolder, "tables")));
    }

    [Fact]
    public async Task ShapesBesideASizeOfZero_AreNoReasonToFail()
    {
        await using TestServer server = await TestServer.StartAsync();
        string table = await server.Api.NewAsync("[1000000000, 1]");
        var ids = new Dictionary<string, Tensor> { ["ids"] = Tensor.Of(TensorShape.Of(3_000_000_000, 0), Array.Empty<long>()) };
        Expect.Refused(await server.Api.CallAsync(table, "bag", null, ids), 413, "result_too_large");
        Assert.Equal(TensorShape.Of(3_000_000_000, 0, 1), (await server.Api.GatherAsync(table, null, ids)).Rows().Shape);
        var scores = new Dictionary<string, Tensor> { ["s"] = Elements.F32(TensorShape.Of(0, 2, 3_000_000_000)) };
        Assert.Equal(0, (await server.Api.GatherAsync(table, "[argmax(s, 1)]", scores)).Rows().Shape.ElementCount);
        Expect.Refused(await server.Api.CallAsync(table, "gather", "[:, 0]"), 413, "result_too_large");
        Expect.Refused(await server.Api.CallAsync(table, "put", "[:]", new Dictionary<string, Tensor> { ["values"] = Elements.F32(TensorShape.Scalar, 1) }), 413, "result_too_large");
    }
}
