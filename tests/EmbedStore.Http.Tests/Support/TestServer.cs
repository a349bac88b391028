using EmbedStore.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;

namespace EmbedStore.Http.Tests;

/// <summary>A server in this process, behind a real socket on a free port, with its data in a temporary folder.</summary>
public sealed class TestServer : IAsyncLifetime, IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Dictionary<string, string?> _settings;
    private WebApplication? _app;
    private HttpClient? _http;

    public TestServer()
        : this([])
    {
    }

    private TestServer(IEnumerable<(string Name, string Value)> settings)
    {
        _settings = settings.ToDictionary(static setting => "EmbedStore:" + setting.Name, static setting => (string?)setting.Value);
        _settings["EmbedStore:HttpPort"] = "0";
        _settings["EmbedStore:Data"] = DataFolder;
    }

    public string DataFolder => _folder["data"];

    public Uri Address => Api.Http.BaseAddress!;

    public ApiClient Api { get; private set; } = null!;

    /// <param name="settings">Names without <c>EmbedStore:</c>.</param>
    public static async Task<TestServer> StartAsync(params (string Name, string Value)[] settings)
    {
        var server = new TestServer(settings);
        await server.InitializeAsync();
        return server;
    }

    public async Task InitializeAsync()
    {
        _app = EmbedStoreHost.Build(new ConfigurationBuilder().AddInMemoryCollection(_settings).Build());
        IReadOnlyCollection<string> addresses = await _app.ListenAsync();
        _http = new HttpClient { BaseAddress = new Uri(addresses.First()), Timeout = ServerProgram.Patience };
        Api = new ApiClient(_http);
    }

    public async Task DisposeAsync()
    {
        _http?.Dispose();
        if (_app is not null)
        {
            await _app.StopAsync();
            await _app.DisposeAsync();
        }

        _folder.Dispose();
    }

    async ValueTask IAsyncDisposable.DisposeAsync() => await DisposeAsync();
}
