using System.Net;
using System.Net.Sockets;
using EmbedStore.Testing;

namespace EmbedStore.Server.Tests.Commands;

/// <summary>The real program, serving on a Unix domain socket.</summary>
public sealed class LocalSocketTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task It_serves_on_the_socket_and_on_the_port_and_takes_the_socket_away_when_it_stops()
    {
        await using ServerProcess server = await ServerProcess.StartAsync("--EmbedStore:SocketPath", _folder["door"]);

        Assert.Contains($"  listening  http://unix:{_folder["door"]}", server.Output);
        Assert.Equal(HttpStatusCode.OK, await StatusOverSocketAsync(_folder["door"]));
        using HttpResponseMessage overPort = await server.Client.GetAsync(new Uri("/health/live", UriKind.Relative));
        Assert.Equal(HttpStatusCode.OK, overPort.StatusCode);

        Assert.Equal(0, await server.StopAsync());
        Assert.False(File.Exists(_folder["door"]));
    }

    [Fact]
    public async Task It_takes_over_the_socket_of_a_killed_server()
    {
        await using ServerProcess server = await ServerProcess.StartAsync("--EmbedStore:SocketPath", _folder["door"]);
        server.Kill();
        Assert.True(File.Exists(_folder["door"]));

        await server.RestartAsync();
        Assert.Equal(HttpStatusCode.OK, await StatusOverSocketAsync(_folder["door"]));
    }

    [Fact]
    public async Task A_socket_on_which_another_program_listens_stops_the_start()
    {
        await using ServerProcess other = await ServerProcess.StartAsync("--EmbedStore:SocketPath", _folder["door"]);
        await AssertRefusedAsync($"EmbedStore:SocketPath: another program listens on {_folder["door"]}.", _folder["door"]);
        Assert.Equal(HttpStatusCode.OK, await StatusOverSocketAsync(_folder["door"]));
    }

    [Fact]
    public async Task A_file_that_is_no_socket_stops_the_start_and_stays()
    {
        string file = _folder.Write("file", "");
        await AssertRefusedAsync($"EmbedStore:SocketPath: {file} exists and is no socket that could be taken over.", file);
        Assert.True(File.Exists(file));
    }

    [Fact]
    public async Task A_folder_that_is_missing_stops_the_start() =>
        await AssertRefusedAsync($"EmbedStore:SocketPath: the folder of {_folder["none/door"]} does not exist.", _folder["none/door"]);

    [Fact]
    public async Task A_name_that_no_socket_can_have_stops_the_start()
    {
        string path = _folder[new string('d', 108)];
        await AssertRefusedAsync($"EmbedStore:SocketPath: {path} has {path.Length} bytes; the name of a socket has at most 107.", path);
    }

    private static async Task<HttpStatusCode> StatusOverSocketAsync(string path)
    {
        using var client = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancellation) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellation);
                return new NetworkStream(socket, ownsSocket: true);
            },
        });
        using HttpResponseMessage response = await client.GetAsync(new Uri("http://localhost/health/live"));
        return response.StatusCode;
    }

    private async Task AssertRefusedAsync(string message, string path)
    {
        ProgramResult result = await ServerProgram.RunAsync(_folder.Path, ["--EmbedStore:SocketPath", path, "--EmbedStore:HttpPort", "0"]);
        Assert.Equal(new ProgramResult(2, "", message + Environment.NewLine), result);
    }
}
