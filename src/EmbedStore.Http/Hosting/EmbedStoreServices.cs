using EmbedStore.Serving;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace EmbedStore.Http;

/// <summary>Puts the data path together: settings become the options of each stage, and the ports get what serves them in one process.</summary>
internal static class EmbedStoreServices
{
    /// <param name="builder">Gets the services.</param>
    /// <param name="options">Checked.</param>
    /// <param name="isMember">Whether the server is one of several: then somebody else adds <see cref="IShardOwners"/>.</param>
    public static void AddEmbedStore(this WebApplicationBuilder builder, EmbedStoreOptions options, bool isMember)
    {
        IServiceCollection services = builder.Services;
        services.AddSingleton(provider => StorageOf(options, isMember, provider));
        services.AddSingleton(new ServingLimits
        {
            ResultByteCountMax = options.Limits.ResultBytes,
            IdCountMax = options.Limits.IdsPerRequest,
            AllowNonFiniteGradients = options.Limits.AllowNonFiniteGradients,
        });
        services.AddSingleton(static provider => TableCatalog.Open(provider.GetRequiredService<StorageOptions>(), provider.GetRequiredService<ICatalogPeers>()));
        if (isMember)
        {
            services.AddPeers(options.Cluster);
        }
        else
        {
            services.AddSingleton(ClusterPlace.Alone);
            services.AddSingleton<ICatalogPeers, NoCatalogPeers>();
            services.AddSingleton<IRowCache, LocalRowCache>();
            services.AddSingleton<IShardRouter, LocalShardRouter>();
            services.AddSingleton<ISnapshotShards, LocalSnapshotShards>();
            services.AddSingleton<ISnapshotTaker, SnapshotTaker>();
        }

        services.AddSingleton<IGather, CpuGather>();
        services.AddSingleton<LookupPipeline>();
        services.AddSingleton<UpdatePipeline>();
        services.AddSingleton<RowPrefetcher>();
        services.AddSingleton<TableImporter>();
        services.AddSingleton<TableSnapshots>();
        services.AddSingleton<TableRestorer>();
        services.AddSingleton(new SnapshotPolicy(options.Snapshots.LogBytes, options.Snapshots.Interval));

        // One of several hands over what it owns before it closes its doors, and answers until then: no client need know.
        services.AddSingleton(provider => new CallGate(
            options.Limits.DataCallsPerCore * Environment.ProcessorCount, isMember ? CancellationToken.None : provider.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping));
        services.AddSingleton(provider => new SharedAnswers(
            options.SharedFolder, options.Limits.SharedBytes, provider.GetRequiredService<ILogger<SharedAnswers>>()));
        services.AddSingleton<ServerCalls>();
        services.AddSingleton<TableCalls>();
        services.AddSingleton<TransferCalls>();
        services.AddSingleton<SnapshotCalls>();
        services.AddSingleton<DataCalls>();
        services.AddSingleton<LookupCalls>();
        services.AddSingleton<UpdateCalls>();
        services.AddSingleton<WarmUp>();
        services.AddHostedService<RecoveryService>();
        services.AddHostedService<PrefetchService>();
        services.AddHostedService<SnapshotService>();
        builder.AddTelemetry(options.Telemetry);
    }

    /// <summary>Reads which tables there are, so that a folder that cannot be served stops the start.</summary>
    /// <exception cref="StartException">The folder is damaged, or was written by a newer version.</exception>
    public static void OpenCatalog(this WebApplication app)
    {
        try
        {
            _ = app.Services.GetRequiredService<TableCatalog>();
        }
        catch (CatalogException refusal)
        {
            throw new StartException($"EmbedStore:Data: {refusal.Message}");
        }
    }

    /// <summary>Rows of other servers are read from them, or from what they gave before.</summary>
    private static void AddPeers(this IServiceCollection services, ClusterOptions cluster)
    {
        services.AddSingleton(new ClusterPlace(cluster.PeerPort, cluster.PeerKey, cluster.StalenessMaxMilliseconds));
        services.AddSingleton<GoneServers>();
        services.AddSingleton<PeerHttp>();
        services.AddSingleton<IPeerTransport, HttpPeerTransport>();
        services.AddSingleton<ICatalogPeers, CatalogPeers>();
        services.AddSingleton<IRowCache, LocalRowCache>();
        services.AddSingleton(new AgedRows(cluster.PeerRowBytes, TimeProvider.System));
        services.AddSingleton<IShardRouter>(provider => new PeerShardRouter(
            provider.GetRequiredService<IShardOwners>(), provider.GetRequiredService<IPeerTransport>(), provider.GetRequiredService<AgedRows>(), TimeProvider.System, cluster.MoveWait));
        services.AddSingleton(new SnapshotParts(TimeProvider.System));
        services.AddSingleton<PeerShards>();
        services.AddSingleton<ISnapshotShards>(provider => new PeerSnapshotShards(
            provider.GetRequiredService<IShardOwners>(), provider.GetRequiredService<IPeerTransport>(), provider.GetRequiredService<PeerShards>(), TimeProvider.System, cluster.MoveWait));
        services.AddSingleton<ISnapshotTaker, PeerSnapshotTaker>();
        services.AddSingleton<IShardHost, ShardHost>();
        services.AddHostedService<CatalogWatch>();
    }

    private static StorageOptions StorageOf(EmbedStoreOptions options, bool isMember, IServiceProvider provider) => new()
    {
        Folder = provider.GetRequiredService<DataFolder>().Path,
        ScratchFolder = provider.GetRequiredService<ScratchFolder>().RowsPath,
        IsShared = isMember,
        OwnerName = options.Cluster.SiloName,
        TableMemoryByteCount = options.RowStore.MemoryBytes,
        ReserveByteCount = options.RowStore.ReserveBytes,
        LogSegmentByteCount = options.RowStore.LogSegmentBytes,
        CommitInterval = options.CommitInterval,
        Tier = provider.GetService<IRowTier>(),
        Logger = provider.GetRequiredService<ILoggerFactory>().CreateLogger("EmbedStore.Shards"),
    };
}
