using System.Net;
using EmbedStore.Serving;
using EmbedStore.Shards;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace EmbedStore.Http;

/// <summary>Builds the web application that a program runs.</summary>
/// <remarks>Nothing of the framework's defaults is taken over unseen: what the server listens on, reads and logs stands here.</remarks>
public static partial class EmbedStoreHost
{
    /// <summary>What an answer may have produced beyond what the socket took: some runs of rows, so that one is sent while the next is read. Unit: bytes.</summary>
    private const long ResponseBufferByteCount = 1 << 20;

    /// <summary>Builds a server that does not listen yet. It holds the data folder until it is disposed.</summary>
    /// <param name="configuration">All sources, see <see cref="SettingsSources"/>.</param>
    /// <param name="replace">Services that take the place of the server's own, such as another disk.</param>
    /// <param name="join">Makes the server one of several: adds <see cref="IShardOwners"/>, and gets <see cref="IShardHost"/>. Null: it is alone.</param>
    /// <exception cref="StartException">A setting is wrong, or the data folder cannot be used.</exception>
    public static WebApplication Build(IConfiguration configuration, Action<IServiceCollection>? replace = null, Action<WebApplicationBuilder, EmbedStoreOptions>? join = null)
    {
        EmbedStoreOptions options = SettingsReader.Read(configuration);
        bool isMember = join is not null;
        RequirePeerKey(options, isMember);
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Configuration.AddConfiguration(configuration);
        builder.Services.AddSingleton(Options.Create(options));
        builder.Services.AddRoutingCore();
        builder.Services.Configure<ConsoleLifetimeOptions>(console => console.SuppressStatusMessages = true);
        AddLogging(builder);
        AddDoor(builder, options, isMember);
        AddHostFiltering(builder);

        // By factory, so that the container disposes it; opened last, so that no later failure leaves it held.
        DataFolder folder = DataFolder.Open(options.Data, isShared: isMember);
        builder.Services.AddSingleton(_ => folder);
        builder.Services.AddSingleton(_ => ScratchFolder.Open(options.ScratchFolder, folder));
        builder.AddEmbedStore(options, isMember);
        join?.Invoke(builder, options);
        replace?.Invoke(builder.Services);
        WebApplication app = builder.Build();
        _ = app.Services.GetRequiredService<DataFolder>();
        app.StartTelemetry();
        app.OpenCatalog();
        app.UseMiddleware<ProblemMiddleware>();
        app.UseHostFiltering();
        if (isMember)
        {
            app.UseMiddleware<PeerDoor>();
        }

        // Ahead of the keys, which go by path.
        app.UseRouting();
        if (options.Keys.Count > 0)
        {
            app.UseMiddleware<KeyDoor>(new KeyRing(options.Keys));
        }

        if (options.SharedFolder.Length > 0)
        {
            app.UseMiddleware<SharedAnswerMiddleware>(app.Services.GetRequiredService<SharedAnswers>());
        }

        if (isMember)
        {
            app.UseMiddleware<PassOn>();
        }

        app.MapEmbedStore();
        return app;
    }

    /// <summary>Starts to listen.</summary>
    /// <returns>Addresses with their real ports.</returns>
    /// <exception cref="StartException">A port is taken, or the address does not exist here.</exception>
    public static async Task<IReadOnlyCollection<string>> ListenAsync(this WebApplication app, CancellationToken cancellation = default)
    {
        EmbedStoreOptions options = app.Services.GetRequiredService<IOptions<EmbedStoreOptions>>().Value;
        try
        {
            await app.StartAsync(cancellation);
        }
        catch (IOException error) when (error.InnerException is AddressInUseException)
        {
            throw new StartException($"EmbedStore:HttpPort: port {options.HttpPort} of {options.Address} is in use by another program. 0 picks a free one.");
        }
        catch (System.Net.Sockets.SocketException error)
        {
            throw new StartException($"EmbedStore:HttpPort: cannot listen on port {options.HttpPort} of {options.Address}: {error.Message}.");
        }

        if (!IPAddress.IsLoopback(IPAddress.Parse(options.Address)))
        {
            LogPlainKeys(app.Services.GetRequiredService<ILoggerFactory>().CreateLogger("EmbedStore.Http"), options.Address);
        }

        IServerAddressesFeature? listening = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>();
        return [.. listening?.Addresses ?? []];
    }

    /// <summary>Whoever is let in by the servers' own door needs no key.</summary>
    private static void RequirePeerKey(EmbedStoreOptions options, bool isMember)
    {
        if (isMember && options.Keys.Count > 0 && options.Cluster.PeerKey.Length == 0)
        {
            throw new StartException("EmbedStore:Cluster:PeerKey must not be empty when EmbedStore:Keys names keys: whoever reaches the port for other servers needs none of them.");
        }
    }

    [LoggerMessage(EmbedStoreTelemetry.Events.PlainKeys, LogLevel.Warning, "Clients' keys come to {Address} as plain text: let TLS end before this server")]
    private static partial void LogPlainKeys(ILogger logger, string address);

    /// <summary>Standard output belongs to the program's own few lines, so the log goes to standard error.</summary>
    private static void AddLogging(WebApplicationBuilder builder)
    {
        builder.Logging.SetMinimumLevel(LogLevel.Warning);

        // It logs what it throws; whoever starts the server says it better.
        builder.Logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.Critical);
        builder.Logging.AddConfiguration(builder.Configuration.GetSection("Logging"));
        builder.Logging.AddSimpleConsole(console => console.SingleLine = true);
        builder.Logging.Services.Configure<Microsoft.Extensions.Logging.Console.ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
    }

    private static void AddDoor(WebApplicationBuilder builder, EmbedStoreOptions options, bool isMember) => builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = options.Limits.BodyBytes + BodyLimit.DrainByteCountMax;
        kestrel.Limits.MaxResponseBufferSize = ResponseBufferByteCount;
        kestrel.Limits.MaxConcurrentConnections = options.Limits.Connections;
        kestrel.Listen(IPAddress.Parse(options.Address), options.HttpPort, door => door.Protocols = HttpProtocols.Http1);
        if (isMember)
        {
            kestrel.Listen(IPAddress.Parse(options.Cluster.AdvertisedAddress), options.Cluster.PeerPort, door => door.Protocols = HttpProtocols.Http1);
        }

        if (options.SocketPath.Length > 0)
        {
            kestrel.ListenUnixSocket(LocalSocket.Prepare(options.SocketPath), door => door.Protocols = HttpProtocols.Http1);
        }
    });

    /// <summary>Loopback alone does not keep web pages out: a page may name us by its own host. Only hosts in AllowedHosts are answered.</summary>
    private static void AddHostFiltering(WebApplicationBuilder builder) => builder.Services.AddHostFiltering(filter =>
    {
        string[] hosts = (builder.Configuration["AllowedHosts"] ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        filter.AllowedHosts = hosts.Length > 0 ? hosts : ["*"];
    });
}
