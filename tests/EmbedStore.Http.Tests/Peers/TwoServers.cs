using System.Globalization;
using System.Net;
using System.Net.Sockets;
using EmbedStore.Serving;
using EmbedStore.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace EmbedStore.Http.Tests;

/// <summary>Two servers in this process over one data folder, behind real sockets, which own what the test gives them.</summary>
public sealed class TwoServers : IAsyncLifetime, IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Dictionary<string, Member> _members = [];

    internal HandOwners Owners { get; } = new();

    /// <summary>More settings of both, without <c>EmbedStore:</c>.</summary>
    private IReadOnlyList<(string Name, string Value)> Settings { get; init; } = [];

    public ApiClient First => _members["first"].Api;

    public ApiClient Second => _members["second"].Api;

    /// <summary>Starts two servers with more settings, by names without <c>EmbedStore:</c>.</summary>
    public static async Task<TwoServers> StartAsync(IReadOnlyList<(string Name, string Value)> settings)
    {
        var servers = new TwoServers { Settings = settings };
        await servers.InitializeAsync();
        return servers;
    }

    public async Task InitializeAsync()
    {
        foreach (string name in (string[])["first", "second"])
        {
            await StartAsync(name);
        }

        Owners.Home = "first";
    }

    async ValueTask IAsyncDisposable.DisposeAsync() => await DisposeAsync();

    public async Task DisposeAsync()
    {
        foreach (Member member in _members.Values)
        {
            await member.StopAsync();
        }

        _folder.Dispose();
    }

    /// <summary>Starts a server that has its scratch alone to itself.</summary>
    public async Task StartAsync(string name)
    {
        int peerPort = FreePort();
        var settings = new Dictionary<string, string?>
        {
            ["EmbedStore:Data"] = _folder["data"],
            ["EmbedStore:ScratchFolder"] = _folder["scratch-" + name],
            ["EmbedStore:HttpPort"] = "0",
            ["EmbedStore:Cluster:PeerPort"] = peerPort.ToString(CultureInfo.InvariantCulture),
            ["EmbedStore:Cluster:PeerKey"] = new string('k', 32),
            ["EmbedStore:Cluster:MoveWait"] = "00:00:03",
        };
        foreach ((string setting, string value) in Settings)
        {
            settings["EmbedStore:" + setting] = value;
        }

        IConfiguration configuration = new ConfigurationBuilder().AddInMemoryCollection(settings).Build();
        var handOver = new HandOver();
        WebApplication app = EmbedStoreHost.Build(configuration, join: (builder, _) =>
        {
            builder.Services.AddSingleton(Owners.For(name));
            builder.Services.AddHostedService(_ => handOver);
        });
        IReadOnlyCollection<string> addresses = await app.ListenAsync();
        Owners.Add(name, new Uri($"http://127.0.0.1:{peerPort}"));
        string door = addresses.First(address => new Uri(address).Port != peerPort);
        _members[name] = new Member(app, new HttpClient { BaseAddress = new Uri(door) }) { HandOver = handOver };
    }

    /// <summary>Stops a server.</summary>
    /// <param name="name">Of the server.</param>
    /// <param name="handOver">What it does first, while its doors are still open.</param>
    public async Task StopAsync(string name, Func<Task> handOver)
    {
        _members[name].HandOver.Work = handOver;
        await _members[name].StopAsync();
        _members.Remove(name);
        Owners.Remove(name);
    }

    public Uri PeerAddress(string name) => Owners.For(name).Servers.First(server => server.Name == name).Address;

    /// <summary>Makes a server the owner of a shard; whoever was it before lets go first, unless the test says that it cannot.</summary>
    public async Task GiveAsync(ShardKey shard, string server, bool letsGo = true)
    {
        Owners.Orphan(shard);
        foreach (Member member in _members.Values.Where(_ => letsGo))
        {
            await member.Host.ReleaseAsync(shard);
        }

        Owners.Own(shard, server);
        Assert.True(_members[server].Host.Take(shard));
    }

    /// <summary>Takes a shard from whoever has it: nobody owns it then.</summary>
    public async Task OrphanAsync(ShardKey shard)
    {
        Owners.Orphan(shard);
        foreach (Member member in _members.Values)
        {
            await member.Host.ReleaseAsync(shard);
        }
    }

    /// <summary>Has every server open again what it owns and could not open.</summary>
    internal void Retry(IReadOnlyList<ShardKey> shards)
    {
        foreach (Member member in _members.Values)
        {
            foreach (ShardKey shard in shards)
            {
                member.Host.Retry(shard);
            }
        }
    }

    /// <summary>Creates a table and deals its shards out: first, second, first, ...</summary>
    public async Task<string> NewAsync(string shape, string more = "")
    {
        string table = await First.NewAsync(shape, more);
        await DealAsync(table);
        return table;
    }

    /// <summary>Deals the shards of a table out.</summary>
    public async Task DealAsync(string table)
    {
        foreach (ShardKey shard in KeysOf(table))
        {
            await GiveAsync(shard, shard.Shard % 2 == 0 ? "first" : "second");
        }
    }

    /// <summary>The shards of a table.</summary>
    internal IReadOnlyList<ShardKey> KeysOf(string table)
    {
        TableCatalog catalog = _members["first"].App.Services.GetRequiredService<TableCatalog>();
        using TableLease lease = catalog.Lease(table);
        return [.. lease.Table.Shards.Select((_, number) => new ShardKey(lease.Table.Id, lease.Table.Generation, number))];
    }

    /// <summary>Whether a server has rows of the table in memory that it may answer from.</summary>
    internal bool HasInMemory(string server, string table, long rowId)
    {
        using TableLease lease = _members[server].App.Services.GetRequiredService<TableCatalog>().Lease(table);
        var block = new RowBlock(new byte[lease.Table.Rows.DataByteCount], new Shards.RowStatus[1], new long[1]);
        using RowMisses misses = new OwnedRowCache(new LocalRowCache()).Read(lease.Table, [rowId], block);
        return !misses.AreAll && misses.Positions.IsEmpty;
    }

    private static int FreePort()
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    private sealed class Member(WebApplication app, HttpClient http)
    {
        public WebApplication App => app;

        public ApiClient Api { get; } = new(http);

        public required HandOver HandOver { get; init; }

        public IShardHost Host => app.Services.GetRequiredService<IShardHost>();

        public async Task StopAsync()
        {
            await app.StopAsync();
            http.Dispose();
            await app.DisposeAsync();
        }
    }

    /// <summary>What a server does before it closes its doors, as the keeper of a cluster's shards does.</summary>
    private sealed class HandOver : IHostedLifecycleService
    {
        public Func<Task> Work { get; set; } = static () => Task.CompletedTask;

        public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StoppingAsync(CancellationToken cancellationToken) => Work();

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
