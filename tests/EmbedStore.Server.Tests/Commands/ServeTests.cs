using System.Net;
using EmbedStore.Testing;

namespace EmbedStore.Server.Tests.Commands;

/// <summary>The real program, serving.</summary>
public sealed class ServeTests
{
    [Fact]
    public async Task It_says_what_it_is_where_it_listens_and_where_the_data_is()
    {
        await using ServerProcess server = await ServerProcess.StartAsync();
        Assert.NotEqual(0, server.Client.BaseAddress!.Port);
        Assert.Equal(0, await server.EndInputAsync());
        Assert.Matches(@"^EmbedStore \d+\.\d+\.\d+$", server.Output.First());
        Assert.Contains($"  data       {server.DataFolder}", server.Output);
        Assert.Empty(server.Errors);
    }

    [Fact]
    public async Task It_is_alive_when_it_says_that_it_listens()
    {
        await using ServerProcess server = await ServerProcess.StartAsync();
        using HttpResponseMessage response = await server.Client.GetAsync(new Uri("/health/live", UriKind.Relative));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public async Task It_answers_only_hosts_that_are_allowed()
    {
        await using ServerProcess server = await ServerProcess.StartAsync("--AllowedHosts", "127.0.0.1;localhost");
        using var request = new HttpRequestMessage(HttpMethod.Get, "/health/live") { Headers = { Host = "evil.example" } };
        using HttpResponseMessage refused = await server.Client.SendAsync(request);
        using HttpResponseMessage answered = await server.Client.GetAsync(new Uri("/health/live", UriKind.Relative));
        Assert.Equal((HttpStatusCode.BadRequest, HttpStatusCode.OK), (refused.StatusCode, answered.StatusCode));
    }

    [Fact]
    public async Task It_stops_with_success_when_it_is_asked_to()
    {
        await using ServerProcess server = await ServerProcess.StartAsync();
        Assert.Equal(0, await server.StopAsync());
        Assert.Empty(server.Errors);
    }

    [Fact]
    public async Task It_starts_again_on_the_folder_that_a_killed_server_held()
    {
        await using ServerProcess server = await ServerProcess.StartAsync();
        server.Kill();
        await server.RestartAsync();
        using HttpResponseMessage response = await server.Client.GetAsync(new Uri("/health/live", UriKind.Relative));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public async Task A_later_source_overrides_an_earlier_one()
    {
        using var folder = new TemporaryFolder();
        string file = folder.Write("mine.json", $$$"""{"EmbedStore": {"HttpPort": 1, "Data": "{{{folder["file"]}}}"}}""");
        await using ServerProcess server = await ServerProcess.StartAsync(
            ["--config", file],
            new Dictionary<string, string> { ["EmbedStore__Data"] = folder["environment"], ["Logging__LogLevel__Default"] = "Error" });
        Assert.Equal([file], Directory.GetFileSystemEntries(folder.Path));
        Assert.True(Directory.Exists(server.DataFolder));
    }
}
