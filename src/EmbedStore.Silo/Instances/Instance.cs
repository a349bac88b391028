using System.Globalization;
using System.Net;
using System.Net.Sockets;
using EmbedStore.Http;
using ClusterOptions = EmbedStore.Http.ClusterOptions;

namespace EmbedStore.Silo.Instances;

/// <summary>One server of this machine, with its settings complete: every port is a real one, and it has a name and a folder of its own.</summary>
/// <remarks>
/// Servers that are started one after the other without settings each get a number, and ports by it. The number is held until this is disposed, and by nobody when the process is gone: so a server
/// that is started again has the number, the name and the shards of the one that ended.
/// </remarks>
internal sealed class Instance : IDisposable
{
    /// <summary>The tenth server's HTTP port would be the first one's peer port.</summary>
    internal const int CountMax = 9;

    private const int HttpPortStep = 10;

    private readonly Socket? _number;

    private Instance(IConfiguration configuration, Socket? number)
    {
        Configuration = configuration;
        Options = SettingsReader.Read(configuration);
        _number = number;
    }

    /// <summary>All sources, and above them what was chosen here.</summary>
    public IConfiguration Configuration { get; }

    /// <summary>The same, read.</summary>
    public EmbedStoreOptions Options { get; }

    /// <summary>Chooses what the sources leave open.</summary>
    /// <exception cref="StartException">A setting is wrong, a port is taken, or all numbers are.</exception>
    public static Instance Choose(IConfiguration sources)
    {
        EmbedStoreOptions options = SettingsReader.Read(sources);
        var chosen = new Dictionary<string, string?>();
        Socket? number = null;
        try
        {
            if (options.Cluster.Membership == ClusterOptions.Localhost && IsOpen(sources, "Cluster:SiloPort"))
            {
                number = Number(sources, options, chosen);
            }

            ClusterOptions cluster = options.Cluster;
            cluster.SiloPort = Port(chosen, "Cluster:SiloPort", cluster.SiloPort, cluster.AdvertisedAddress);
            Port(chosen, "Cluster:PeerPort", cluster.PeerPort, cluster.AdvertisedAddress);
            Set(chosen, "Cluster:SiloName", cluster.SiloName, $"{MachineName()}-{cluster.SiloPort}");
            Set(chosen, "ScratchFolder", options.ScratchFolder, $"./embedstore-scratch-{cluster.SiloPort}");
            return new Instance(new ConfigurationBuilder().AddConfiguration(sources).AddInMemoryCollection(chosen).Build(), number);
        }
        catch
        {
            number?.Dispose();
            throw;
        }
    }

    /// <summary>Lets go of the number.</summary>
    public void Dispose() => _number?.Dispose();

    /// <summary>The lowest number whose ports are free.</summary>
    private static Socket Number(IConfiguration sources, EmbedStoreOptions options, Dictionary<string, string?> chosen)
    {
        (int http, int silo, int peer) = (options.HttpPort, options.Cluster.SiloPort, options.Cluster.PeerPort);
        IPAddress address = IPAddress.Parse(options.Cluster.AdvertisedAddress);
        for (int number = 0; number < CountMax; number++)
        {
            if (Ports.Hold(address, silo + number) is not { } held)
            {
                continue;
            }

            bool free = Ports.IsFree(address, silo + number)
                & Move(sources, chosen, "HttpPort", http + (number * HttpPortStep), IPAddress.Parse(options.Address))
                & Move(sources, chosen, "Cluster:PeerPort", peer + number, address);
            if (free)
            {
                options.Cluster.SiloPort = silo + number;
                options.Cluster.PeerPort = chosen.TryGetValue(Key("Cluster:PeerPort"), out string? moved) ? int.Parse(moved!, CultureInfo.InvariantCulture) : peer;
                chosen[Key("Cluster:SiloPort")] = Text(silo + number);
                return held;
            }

            held.Dispose();
        }

        throw new StartException($"EmbedStore:Cluster:SiloPort: of the ports that servers without settings take, none of {CountMax} sets is free.");
    }

    /// <summary>A port that a source names stays where it is; whether it is free is found out when it is opened.</summary>
    private static bool Move(IConfiguration sources, Dictionary<string, string?> chosen, string name, int port, IPAddress address)
    {
        if (!IsOpen(sources, name))
        {
            return true;
        }

        chosen[Key(name)] = Text(port);
        return Ports.IsFree(address, port);
    }

    private static int Port(Dictionary<string, string?> chosen, string name, int port, string address)
    {
        IPAddress where = IPAddress.Parse(address);
        if (port == 0)
        {
            port = Ports.PickFree(where);
            chosen[Key(name)] = Text(port);
        }
        else if (!Ports.IsFree(where, port))
        {
            throw new StartException($"{Key(name)}: port {port} of {address} is in use by another program, or the address does not exist here. 0 picks a free port.");
        }

        return port;
    }

    private static void Set(Dictionary<string, string?> chosen, string name, string given, string otherwise)
    {
        if (given.Length == 0)
        {
            chosen[Key(name)] = otherwise;
        }
    }

    /// <summary>The machine's name, in the letters that names of servers have.</summary>
    private static string MachineName()
    {
        const int LengthMax = 58;
        string name = string.Concat(Environment.MachineName.Where(static letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '.' or '_').Take(LengthMax));
        return name.Length == 0 ? "server" : name;
    }

    private static bool IsOpen(IConfiguration sources, string name) => sources[Key(name)] is null;

    private static string Key(string name) => $"{EmbedStoreOptions.SectionName}:{name}";

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
