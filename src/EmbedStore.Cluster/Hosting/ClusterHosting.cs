using EmbedStore.Serving;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;

namespace EmbedStore.Cluster;

/// <summary>Makes a server a member of a cluster.</summary>
public static class ClusterHosting
{
    /// <summary>Registers <see cref="IShardOwners"/> and what keeps shards where they should be. The container must have an <see cref="IShardHost"/>.</summary>
    /// <remarks>The server is a member from the start of the host until it has stopped; before it stops, and while its doors are open, it hands its shards over.</remarks>
    public static void AddEmbedStoreCluster(this IHostApplicationBuilder builder, ClusterSettings settings)
    {
        IServiceCollection services = builder.Services;
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(settings);
        services.AddSingleton<ClusterView>();
        services.AddSingleton<ServerSelf>();
        services.AddSingleton<LocalGrains>();
        services.AddSingleton<ShardTaker>();
        services.AddSingleton<ShardMover>();
        services.AddSingleton<ServerLeave>();
        services.AddSingleton<PrimaryWait>();
        services.AddSingleton<LeftoverMembers>();
        services.AddSingleton<JoinTurn>();
        services.AddSingleton<IShardOwners, GrainShardOwners>();
        services.AddSingleton<IFatalErrorHandler, LostMember>();
        QuietenMembers(builder);
        builder.UseOrleans(silo => Configure(silo, settings));

        // Behind the members' own service, so that it starts after it.
        services.AddHostedService<ShardKeeper>();
    }

    /// <summary>Each member that goes makes pages of warnings with stacks; what they mean is said in a line by <see cref="ShardKeeper"/>. A setting brings them back.</summary>
    private static void QuietenMembers(IHostApplicationBuilder builder)
    {
        const string Category = nameof(Orleans);
        if (builder.Configuration[$"Logging:LogLevel:{Category}"] is null)
        {
            builder.Logging.AddFilter(Category, LogLevel.Error);

            // A call that did not arrive is an exception at the caller, which tries again.
            builder.Logging.AddFilter($"{Category}.Messaging", LogLevel.Critical);
        }
    }

    private static void Configure(ISiloBuilder silo, ClusterSettings settings)
    {
        silo.Configure<Orleans.Configuration.ClusterOptions>(cluster => (cluster.ClusterId, cluster.ServiceId) = (settings.ClusterName, settings.ClusterName));
        silo.Configure<SiloOptions>(options => options.SiloName = new MemberName(settings.ServerName, settings.PeerPort).ToString());
        silo.Configure<EndpointOptions>(endpoint =>
        {
            endpoint.AdvertisedIPAddress = settings.MemberEndpoint.Address;
            endpoint.SiloPort = settings.MemberEndpoint.Port;
            endpoint.GatewayPort = settings.GatewayPort;
        });
        silo.Configure<ClusterMembershipOptions>(FailureDetection.Configure);

        // A second owner is kept out by the claim on the shard's folder, so nobody need wait until a dead one's lease has run out.
        silo.Configure<GrainDirectoryOptions>(static directory => directory.RangeLeaseDuration = TimeSpan.Zero);
        silo.AddDistributedGrainDirectory();
        silo.AddPlacementDirector<ShardPlacement, OwnerDirector>();
        silo.AddPlacementDirector<HomePlacement, OwnerDirector>();
        silo.AddPlacementDirector<NamedPlacement, OwnerDirector>();
        AddMembership(silo, settings);
        if (settings.Certificates is { } certificates)
        {
            silo.UseMemberTls(certificates);
        }
    }

    private static void AddMembership(ISiloBuilder silo, ClusterSettings settings)
    {
        if (settings.PostgresConnection is { } connection)
        {
            silo.UseAdoNetClustering(options => (options.Invariant, options.ConnectionString) = (MembershipSchema.Invariant, MembershipSchema.InUtc(connection)));
        }
        else
        {
            silo.UseDevelopmentClustering(settings.Primary ?? settings.MemberEndpoint);
        }
    }
}
