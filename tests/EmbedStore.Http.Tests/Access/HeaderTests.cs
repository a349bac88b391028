using EmbedStore.Testing;

namespace EmbedStore.Http.Tests;

/// <summary>Only a whole key behind the scheme, once, is one.</summary>
public sealed class HeaderTests(KeyedServer server) : IClassFixture<KeyedServer>
{
    public static TheoryData<string> Malformed => ["", "Bearer", "Bearer ", "{key}", "Basic {key}", "Bearer{key}", "Bearer: {key}", "Bearer {key}x", "Bearer x{key}", "Bearer {key} {key}", "Bearer {key},Bearer {key}", "Bearer \"{key}\"", "Bearer {long}", "Bearer {hash}", "Bearer {other}", "Bearer {part}"];

    [Theory]
    [MemberData(nameof(Malformed))]
    public async Task Header_ThatBearsNoKeyOfTheServer_IsUnauthenticated(string header)
    {
        string key = server.Keyring["reader"];
        string sent = header
            .Replace("{key}", key, StringComparison.Ordinal)
            .Replace("{long}", new string('k', 20_000), StringComparison.Ordinal)
            .Replace("{hash}", server.Keyring.Settings.First(static setting => setting.Name == "Keys:reader:Hash").Value, StringComparison.Ordinal)
            .Replace("{other}", AccessKey.New(), StringComparison.Ordinal)
            .Replace("{part}", key[..^1], StringComparison.Ordinal);
        Answer answer = await server.Keyring.ClientOf(server.Address, sent).GetAsync("/v1/tables");
        Expect.Refused(answer, 401, "unauthenticated", "\"table\": null");
        Assert.Equal("Bearer", answer.Headers["www-authenticate"]);
        Assert.DoesNotContain(key, answer.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Bearer {key}")]
    [InlineData("bearer {key}")]
    [InlineData("BEARER   {key} ")]
    public async Task Header_InAnyFormThatHttpAllows_IsUnderstood(string header)
    {
        ApiClient api = server.Keyring.ClientOf(server.Address, header.Replace("{key}", server.Keyring["reader"], StringComparison.Ordinal));
        Assert.Equal(200, (await api.GetAsync("/v1/tables")).Status);
        Assert.Equal(200, (await api.GetAsync("/v1/tables")).Status);
    }

    [Fact]
    public async Task Header_ThatComesTwice_IsUnauthenticated()
    {
        string header = $"Authorization: Bearer {server.Keyring["reader"]}\r\n";
        string answer = await RawSocket.ExchangeAsync(server.Address, $"GET /v1/tables HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{header}{header}\r\n");
        Assert.StartsWith("HTTP/1.1 401 ", answer, StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 200 ", await RawSocket.ExchangeAsync(server.Address, $"GET /v1/tables HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{header}\r\n"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Key_IsAskedForBeforeAnythingElseOfARequestIsLookedAt()
    {
        const string Head = "POST /v1/tables/none/gather?nothing=1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: text/html\r\nAccept: text/html\r\n";
        Assert.StartsWith("HTTP/1.1 401 ", await RawSocket.ExchangeAsync(server.Address, Head + "Content-Length: 99999999999\r\n\r\n"), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 401 ", await RawSocket.ExchangeAsync(server.Address, Head + "Content-Length: 3\r\n\r\n{[}"), StringComparison.Ordinal);
    }

    /// <summary>Else the connection would be reset under whoever sends, and the answer lost.</summary>
    [Fact]
    public async Task Import_WithoutAKey_IsReadFarEnoughThatItsSenderGetsTheAnswer()
    {
        byte[] body = new byte[16 << 20];
        string head = $"POST /v1/tables/t/import?format=text HTTP/1.1\r\nHost: a\r\nContent-Length: {(1L << 40) - 1}\r\n\r\n";
        await using System.Net.Sockets.NetworkStream stream = await RawSocket.SendAsync(server.Address, head);
        await stream.WriteAsync(body);
        stream.Socket.Shutdown(System.Net.Sockets.SocketShutdown.Send);
        string answer = await RawSocket.ReadToEndAsync(stream);
        Assert.StartsWith("HTTP/1.1 401 ", answer, StringComparison.Ordinal);
        Assert.Contains("Connection: close", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Connection_ServesEachCallByItsOwnKey()
    {
        using var http = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = 1 }) { BaseAddress = server.Address };
        var api = new ApiClient(http);
        foreach ((string? key, int status) in new (string?, int)[] { ("owner", 404), (null, 401), ("reader", 403), ("owner", 404), ("reader", 403), (null, 401) })
        {
            (string, string)[] headers = key is null ? [] : [("Authorization", $"Bearer {server.Keyring[key]}")];
            Answer answer = await api.SendAsync(HttpMethod.Delete, "/v1/tables/none", null, null, headers);
            Assert.Equal(status, answer.Status);
        }
    }

    [Fact]
    public async Task SharedMemory_IsGivenToNobodyWithoutAKey()
    {
        using var folder = new TemporaryFolder();
        using Keyring keys = new Keyring().Add("reader", "read");
        await using TestServer own = await TestServer.StartAsync([.. keys.Settings, ("SharedFolder", folder["shared"])]);
        Answer refused = await own.Api.SendAsync(HttpMethod.Get, "/v1/tables", null, null, ("Embedstore-Shared", "4096"));
        Assert.Equal(401, refused.Status);
        Assert.Equal(["server.lock"], Directory.GetFiles(folder["shared"]).Select(Path.GetFileName));
    }
}
