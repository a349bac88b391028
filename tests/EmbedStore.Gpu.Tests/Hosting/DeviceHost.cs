using EmbedStore.Http;
using EmbedStore.Serving;
using EmbedStore.Silo.Devices;
using EmbedStore.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace EmbedStore.Gpu.Tests;

/// <summary>A server in this process behind a real socket, put together as its program does it, with the device that its settings name or without one.</summary>
internal sealed class DeviceHost : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly HttpClient _http = new();
    private WebApplication? _app;

    private DeviceHost() => Api = new ApiClient(_http);

    public ApiClient Api { get; }

    /// <summary>Of a server with a device.</summary>
    public GpuTier Tier => _app!.Services.GetRequiredService<GpuTier>();

    /// <param name="hasDevice">Whether the program has the code for one.</param>
    /// <param name="settings">Names without <c>EmbedStore:</c>.</param>
    public static async Task<DeviceHost> StartAsync(bool hasDevice, params (string Name, string Value)[] settings)
    {
        var host = new DeviceHost();
        try
        {
            Dictionary<string, string?> all = settings.ToDictionary(static setting => "EmbedStore:" + setting.Name, static setting => (string?)setting.Value);
            all["EmbedStore:HttpPort"] = "0";
            all["EmbedStore:Data"] = host._folder["data"];
            IConfiguration configuration = new ConfigurationBuilder().AddInMemoryCollection(all).Build();
            host._app = EmbedStoreHost.Build(configuration, hasDevice ? services => services.AddGpu(DeviceHosting.OptionsOf(SettingsReader.Read(configuration).Gpu)) : null);
            host._http.BaseAddress = new Uri((await host._app.ListenAsync()).First());
            return host;
        }
        catch
        {
            await host.DisposeAsync();
            throw;
        }
    }

    /// <summary>Brings every row of a table to the device that the processor's memory has.</summary>
    public void Fill(string table)
    {
        using TableLease lease = _app!.Services.GetRequiredService<TableCatalog>().Lease(table);
        Tier.Fill(lease.Table);
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        if (_app is not null)
        {
            await _app.StopAsync();
            await _app.DisposeAsync();
        }

        _folder.Dispose();
    }
}
