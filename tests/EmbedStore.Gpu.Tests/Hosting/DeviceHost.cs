using System.Globalization;
using System.Net;
using EmbedStore.Http;
using EmbedStore.Serving;
using EmbedStore.Silo.Commands;
using EmbedStore.Silo.Devices;
using EmbedStore.Silo.Instances;
using EmbedStore.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace EmbedStore.Gpu.Tests;

/// <summary>What a host in this process is put together as.</summary>
public enum HostedProgram
{
    /// <summary>EmbedStore.Server: it has no code for a device.</summary>
    Server,

    /// <summary>The same with a device: it owns its tables.</summary>
    ServerWithDevice,

    /// <summary>EmbedStore.Silo: the only member of a cluster.</summary>
    Silo,
}

/// <summary>A server in this process behind a real socket, put together as its program does it, with the device that its settings name or without one.</summary>
internal sealed class DeviceHost : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly HttpClient _http = new();
    private Instance? _instance;
    private WebApplication? _app;

    private DeviceHost() => Api = new ApiClient(_http);

    public ApiClient Api { get; }

    /// <summary>Of a server with a device.</summary>
    public GpuTier Tier => _app!.Services.GetRequiredService<GpuTier>();

    /// <param name="program">What is started.</param>
    /// <param name="settings">Names without <c>EmbedStore:</c>.</param>
    public static async Task<DeviceHost> StartAsync(HostedProgram program, params (string Name, string Value)[] settings)
    {
        var host = new DeviceHost();
        try
        {
            Dictionary<string, string?> all = settings.ToDictionary(static setting => "EmbedStore:" + setting.Name, static setting => (string?)setting.Value);
            all["EmbedStore:HttpPort"] = "0";
            all["EmbedStore:Data"] = host._folder["data"];
            all["EmbedStore:ScratchFolder"] = host._folder["scratch"];
            host._app = host.Build(program, all);
            host._http.BaseAddress = new Uri((await host._app.ListenAsync()).First());
            return host;
        }
        catch
        {
            await host.DisposeAsync();
            throw;
        }
    }

    private WebApplication Build(HostedProgram program, Dictionary<string, string?> settings)
    {
        if (program == HostedProgram.Silo)
        {
            string port = Ports.PickFree(IPAddress.Loopback).ToString(CultureInfo.InvariantCulture);
            (settings["EmbedStore:Cluster:SiloPort"], settings["EmbedStore:Cluster:PrimaryPort"], settings["EmbedStore:Cluster:PeerPort"]) = (port, port, "0");
            _instance = Instance.Choose(Source(settings));
            return ServeCommand.Build(_instance);
        }

        IConfiguration configuration = Source(settings);
        GpuOptions options = DeviceHosting.OptionsOf(SettingsReader.Read(configuration).Gpu);
        return EmbedStoreHost.Build(configuration, program == HostedProgram.Server ? null : services => services.AddGpu(options));
    }

    private static IConfigurationRoot Source(Dictionary<string, string?> settings) => new ConfigurationBuilder().AddInMemoryCollection(settings).Build();

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

        _instance?.Dispose();
        _folder.Dispose();
    }
}
