using System.Net;
using System.Net.Sockets;
using EmbedStore.Serving;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace EmbedStore.Cluster.Tests;

/// <summary>A member of a cluster without doors and rows, in this process; real sockets between members.</summary>
internal sealed class Node : IAsyncDisposable
{
    private readonly IHost _host;

    private Node(IHost host, string name)
    {
        _host = host;
        Name = name;
    }

    public string Name { get; }

    public IShardOwners Owners => Get<IShardOwners>();

    public IGrainFactory Grains => Get<IGrainFactory>();

    public static async Task<Node> StartAsync(string name, FakeShards shards, IPEndPoint endpoint, IPEndPoint primary, string? postgres = null, MemberCertificates? certificates = null)
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddSingleton<IShardHost>(new FakeShardHost(shards, name));
        builder.AddEmbedStoreCluster(new ClusterSettings
        {
            ClusterName = "test",
            ServerName = name,
            MemberEndpoint = endpoint,
            PeerPort = 7,
            Primary = primary,
            PostgresConnection = postgres,
            Certificates = certificates,
        });
        var node = new Node(builder.Build(), name);
        try
        {
            await node._host.StartAsync();
            return node;
        }
        catch
        {
            await node.DisposeAsync();
            throw;
        }
    }

    /// <summary>Endpoints that nobody listens on.</summary>
    public static IPEndPoint[] FreeEndpoints(int count)
    {
        TcpListener[] listeners = [.. Enumerable.Range(0, count).Select(static _ => new TcpListener(IPAddress.Loopback, 0))];
        Array.ForEach(listeners, static listener => listener.Start());
        IPEndPoint[] endpoints = [.. listeners.Select(static listener => (IPEndPoint)listener.LocalEndpoint)];
        Array.ForEach(listeners, static listener => listener.Stop());
        return endpoints;
    }

    public T Get<T>()
        where T : notnull => _host.Services.GetRequiredService<T>();

    /// <summary>As a signal to the process would.</summary>
    public Task StopAsync() => _host.StopAsync();

    public async ValueTask DisposeAsync()
    {
        using var soon = new CancellationTokenSource(TimeSpan.FromSeconds(5));
        await _host.StopAsync(soon.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await ((IAsyncDisposable)_host).DisposeAsync();
    }
}
