using System.Globalization;
using EmbedStore.Serving;
using EmbedStore.Testing;

namespace EmbedStore.Cluster.Tests;

/// <summary>Servers in processes of their own over one folder, their members in a PostgreSQL of its own, and one small table.</summary>
internal sealed class SiloCluster : IAsyncDisposable
{
    public const string Table = "rows";
    public const int ShardCount = 6;

    /// <summary>Of the table.</summary>
    public const int RowCount = 128;

    /// <summary>Elements of a row.</summary>
    public const int Width = 8;

    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(20);

    /// <summary>What a failure shows of what the servers logged.</summary>
    private const int LoggedLineCountMax = 60;

    private const int LoggedLineLengthMax = 300;

    /// <summary>Placement gives each of the first three two shards of the table.</summary>
    private static readonly string[] Names = ["ada", "ben", "cora"];

    private readonly TemporaryFolder _folder = new();
    private readonly PostgresServer _postgres;
    private readonly List<SiloProcess> _silos = [];
    private readonly List<string> _settings;

    private SiloCluster(PostgresServer postgres)
    {
        _postgres = postgres;
        _settings = [
            "--EmbedStore:Data", "data", "--EmbedStore:Cluster:Membership", "postgres", "--EmbedStore:Cluster:PeerKey", new string('k', 32),
            "--Logging:LogLevel:Default", "Warning", "--Logging:LogLevel:EmbedStore", "Information"];
    }

    public IReadOnlyList<SiloProcess> Silos => _silos;

    /// <summary>Those that run and were not told to stop.</summary>
    public IReadOnlyList<SiloProcess> Up => [.. _silos.Where(static silo => silo.IsUp)];

    private string Data => _folder["data"];

    /// <summary>Starts servers at the same time and returns when each has the shards that it should have.</summary>
    public static async Task<SiloCluster> StartAsync(int serverCount, NetworkNamespace? networkOfLast = null)
    {
        string here = networkOfLast is null ? "127.0.0.1" : NetworkNamespace.OutsideAddress;
        var cluster = new SiloCluster(await PostgresServer.StartAsync(networkOfLast is null ? ["127.0.0.1"] : ["127.0.0.1", here]));
        try
        {
            foreach (string name in Names[..serverCount])
            {
                bool isInside = networkOfLast is not null && name == Names[serverCount - 1];
                cluster.Add(name, here, isInside ? NetworkNamespace.InsideAddress : here, isInside ? networkOfLast : null);
            }

            await Task.WhenAll(cluster.Silos.Select(static silo => silo.StartAsync()));
            await cluster.CreateTableAsync();
            await cluster.WaitUntilWholeAsync();
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts one more.</summary>
    public async Task<SiloProcess> JoinAsync()
    {
        SiloProcess silo = Add(Names[_silos.Count], "127.0.0.1", "127.0.0.1", null);
        await silo.StartAsync();
        return silo;
    }

    /// <summary>A client whose calls end when no test would wait longer.</summary>
    public static ApiClient Client(SiloProcess silo) => silo.NewClient(CallTimeout);

    /// <summary>The shards that placement gives to a server when all that are up are members.</summary>
    public int[] WantedShardsOf(SiloProcess silo)
    {
        long table = long.Parse(Path.GetFileName(Directory.GetDirectories(Path.Combine(Data, "tables")).Single()), CultureInfo.InvariantCulture);
        PlacementServer[] servers = [.. Up.Select(static up => new PlacementServer(up.Name))];
        return [.. Enumerable.Range(0, ShardCount).Where(shard => servers[RendezvousPlacement.Choose(new ShardKey(table, 1, shard), servers)].Name == silo.Name)];
    }

    /// <summary>Owner and state of each shard, as a server says; null when it gives no answer.</summary>
    public static async Task<(string Owner, string State)[]?> ShardsAsync(ApiClient api) =>
        await Calls.TryAsync(() => api.GetAsync($"/v1/tables/{Table}")) is { } answer
            ? [.. answer["stats"].GetProperty("shards").EnumerateArray().Select(static shard => (shard.GetProperty("owner").GetString()!, shard.GetProperty("state").GetString()!))]
            : null;

    /// <summary>Waits until every server that is up says that every shard is served by the one that should have it.</summary>
    public async Task WaitUntilWholeAsync()
    {
        Dictionary<int, string> wanted = Up.SelectMany(silo => WantedShardsOf(silo).Select(shard => (shard, silo.Name))).ToDictionary(static pair => pair.shard, static pair => pair.Name);
        foreach (SiloProcess silo in Up)
        {
            ApiClient api = Client(silo);
            using HttpClient http = api.Http;
            await ExplainAsync(() => Wait.UntilAsync(
                $"{silo.Name} to see every shard where it should be",
                async () => await ShardsAsync(api) is { } shards && shards.Index().All(shard => shard.Item == (wanted[shard.Index], "serving"))));
        }
    }

    /// <summary>Runs a part of a test; what the servers logged stands in the message when it fails.</summary>
    public async Task ExplainAsync(Func<Task> part)
    {
        try
        {
            await part();
        }
        catch (Exception failure)
        {
            throw new InvalidOperationException(
                $"{failure.Message}\n{string.Join('\n', _silos.SelectMany(static silo => silo.Errors).Order(StringComparer.Ordinal).TakeLast(LoggedLineCountMax).Select(static line => line[..Math.Min(line.Length, LoggedLineLengthMax)]))}", failure);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (SiloProcess silo in _silos)
        {
            await silo.DisposeAsync();
        }

        _postgres.Dispose();
        _folder.Dispose();
    }

    private SiloProcess Add(string name, string databaseAddress, string address, NetworkNamespace? network)
    {
        var silo = new SiloProcess(name, _folder.Path, [.. _settings, "--EmbedStore:Cluster:PostgresConnection", _postgres.ConnectionTo(databaseAddress)], address, network);
        _silos.Add(silo);
        return silo;
    }

    private async Task CreateTableAsync()
    {
        ApiClient api = Client(_silos[0]);
        using HttpClient http = api.Http;
        string spec = $$"""{"shape": [{{RowCount}}, {{Width}}], "shards": {{ShardCount}}, "optimizer": {"kind": "sgd", "lr": 1} }""";
        await ExplainAsync(() => Wait.UntilAsync("the table to be created", async () => await Calls.TryAsync(() => api.CreateAsync(Table, spec)) is not null));
    }
}
