using System.Net;
using System.Net.Sockets;
using System.Text;
using EmbedStore.Testing;

namespace EmbedStore.Http.Tests.SharedMemory;

/// <summary>Answers through memory that a client maps, against the same answers over the socket.</summary>
public sealed class SharedAnswerTests : IAsyncLifetime, IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private TestServer _server = null!;

    private string Folder => _folder["shared"];

    public async Task InitializeAsync()
    {
        _server = await StartAsync();
        (await _server.Api.CreateAsync("t", """{"shape": [100, 4]}""")).Success();
        await SendAsync("put?index=[:]&accumulate=true", """{"tensors": {"values": [[1, 2, 3, 4]]}}""");
    }

    public void Dispose() => _folder.Dispose();

    public async Task DisposeAsync() => await ((IAsyncDisposable)_server).DisposeAsync();

    [Fact]
    public async Task Gather_RegionThatSuffices_PutsThereWhatTheSocketWouldHaveCarried()
    {
        HttpResponseMessage usual = await SendAsync("gather?index=[3:90]");
        byte[] expected = await usual.Content.ReadAsByteArrayAsync();

        HttpResponseMessage shared = await SendAsync("gather?index=[3:90]", sharedByteCount: "30000");

        Assert.Equal((HttpStatusCode.OK, 0L), (shared.StatusCode, shared.Content.Headers.ContentLength));
        Assert.Equal(expected, BodyOf(shared));
        Assert.Equal(usual.Headers.GetValues("Embedstore-Version"), shared.Headers.GetValues("Embedstore-Version"));
    }

    [Fact]
    public async Task Gather_SeveralOnOneConnection_UseOneFileAndThenALargerOne()
    {
        string first = FileOf(await SendAsync("gather?index=[:50]", sharedByteCount: "10000"));
        string second = FileOf(await SendAsync("gather?index=[50:]", sharedByteCount: "500"));
        string larger = FileOf(await SendAsync("gather?index=[:]", sharedByteCount: "20000"));

        Assert.Equal(first, second);
        Assert.NotEqual(first, larger);
        Assert.Equal([larger], Directory.GetFiles(Folder, "answers-*"));
    }

    [Theory]
    [InlineData("100", "gather?index=[:]")]
    [InlineData("70000", "gather?index=[:]")]
    public async Task Gather_RegionTooSmallOrBeyondTheLimit_ComesOverTheSocket(string sharedByteCount, string call)
    {
        HttpResponseMessage answer = await SendAsync(call, sharedByteCount: sharedByteCount);

        Assert.False(answer.Headers.Contains("Embedstore-Shared-File"));
        Assert.True(answer.Content.Headers.ContentLength > 100 * 4 * 4);
    }

    [Theory]
    [InlineData("0")]
    [InlineData("-1")]
    [InlineData("much")]
    [InlineData("2147483648")]
    public async Task Gather_SizeThatIsNone_IsRefused(string sharedByteCount)
    {
        HttpResponseMessage answer = await SendAsync("gather?index=[:]", sharedByteCount: sharedByteCount);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains("Embedstore-Shared", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Gather_ShardThatRefuses_IsAnsweredWithItsProblem()
    {
        HttpResponseMessage answer = await SendAsync("gather?index=[100]", sharedByteCount: "10000");

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.False(answer.Headers.Contains("Embedstore-Shared-File"));
    }

    [Fact]
    public async Task Gather_ConnectionEnded_TakesItsFileWithIt()
    {
        await using (NetworkStream stream = await RawSocket.SendAsync(
            _server.Address, "POST /v1/tables/t/gather?index=[:] HTTP/1.1\r\nHost: x\r\nAccept: application/x-npy\r\nContent-Length: 0\r\nEmbedstore-Shared: 9000\r\nConnection: close\r\n\r\n"))
        {
            Assert.Contains("Embedstore-Shared-File", await RawSocket.ReadToEndAsync(stream), StringComparison.Ordinal);
        }

        Assert.True(SpinWait.SpinUntil(() => Directory.GetFiles(Folder, "answers-*").Length == 0, ServerProgram.Patience));

        // Its room is free again.
        Assert.Contains(Folder, FileOf(await SendAsync("gather?index=[:]", sharedByteCount: "65536")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_FilesOfAKilledServer_AreDeleted()
    {
        await ((IAsyncDisposable)_server).DisposeAsync();
        await File.WriteAllTextAsync(Path.Combine(Folder, "answers-7"), "left");

        _server = await StartAsync();

        Assert.Empty(Directory.GetFiles(Folder, "answers-*"));
        StartException refusal = await Assert.ThrowsAsync<StartException>(StartAsync);
        Assert.Equal($"EmbedStore:SharedFolder: another server holds the folder {Folder}.", refusal.Message);
    }

    private static string FileOf(HttpResponseMessage answer) => answer.Headers.GetValues("Embedstore-Shared-File").Single();

    private static byte[] BodyOf(HttpResponseMessage answer)
    {
        int byteCount = int.Parse(answer.Headers.GetValues("Embedstore-Shared-Bytes").Single(), System.Globalization.CultureInfo.InvariantCulture);
        return File.ReadAllBytes(FileOf(answer))[..byteCount];
    }

    private Task<TestServer> StartAsync() => TestServer.StartAsync(("SharedFolder", Folder), ("Limits:SharedBytes", "65536"));

    private async Task<HttpResponseMessage> SendAsync(string call, string json = "{}", string? sharedByteCount = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri("/v1/tables/t/" + call, UriKind.Relative))
        {
            Content = new StringContent(json, Encoding.UTF8, "application/json"),
        };
        request.Headers.Add("Accept", "application/x-safetensors");
        if (sharedByteCount is not null)
        {
            request.Headers.Add("Embedstore-Shared", sharedByteCount);
        }

        return await _server.Api.Http.SendAsync(request);
    }
}
