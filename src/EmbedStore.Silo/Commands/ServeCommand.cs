using System.Net;
using System.Security.Cryptography;
using EmbedStore.Cluster;
using EmbedStore.Gpu;
using EmbedStore.Http;
using EmbedStore.Silo.Devices;
using EmbedStore.Silo.Instances;
using Npgsql;
using ClusterOptions = EmbedStore.Http.ClusterOptions;

namespace EmbedStore.Silo.Commands;

/// <summary>Serves until it is told to stop.</summary>
internal static class ServeCommand
{
    /// <exception cref="StartException">The server cannot start.</exception>
    public static async Task<int> RunAsync(CommandLine line)
    {
        using Instance instance = Instance.Choose(SettingsSources.Load(line));
        EmbedStoreOptions options = instance.Options;
        if (options.Cluster.Membership == ClusterOptions.Postgres)
        {
            await MembersDatabase.MigrateAsync(options.Cluster);
        }

        await using WebApplication app = Build(instance);
        IReadOnlyCollection<string> addresses = await JoinAsync(app);
        Banner.Print(addresses.First(), options, app.Services.GetRequiredService<DataFolder>().Path);
        if (line.StopAtEndOfInput)
        {
            _ = StopAtEndOfInputAsync(app.Lifetime);
        }

        await app.WaitForShutdownAsync();
        return 0;
    }

    /// <summary>Puts the server together; it does not listen yet.</summary>
    /// <exception cref="StartException">A setting is wrong, the data folder cannot be used, or the device that is named is not there.</exception>
    internal static WebApplication Build(Instance instance)
    {
        ClusterSettings settings = SettingsOf(instance.Options.Cluster);
        try
        {
            return EmbedStoreHost.Build(instance.Configuration, replace: null, join: (builder, options) =>
            {
                builder.AddEmbedStoreCluster(settings);
                builder.AddDevice(options.Gpu);
            });
        }
        catch (DeviceMissingException missing)
        {
            throw new StartException($"EmbedStore:Gpu:Device: {missing.Message}");
        }
    }

    private static async Task<IReadOnlyCollection<string>> JoinAsync(WebApplication app)
    {
        try
        {
            return await app.ListenAsync();
        }
        catch (Exception failure) when (failure is OrleansException or NpgsqlException)
        {
            throw new StartException($"EmbedStore:Cluster: the server could not join: {failure.Message}");
        }
    }

    private static ClusterSettings SettingsOf(ClusterOptions cluster)
    {
        IPAddress address = IPAddress.Parse(cluster.AdvertisedAddress);
        return new ClusterSettings
        {
            ClusterName = cluster.Id,
            ServerName = cluster.SiloName,
            MemberEndpoint = new IPEndPoint(address, cluster.SiloPort),
            GatewayPort = cluster.GatewayPort,
            PeerPort = cluster.PeerPort,
            Primary = new IPEndPoint(address, cluster.PrimaryPort),
            PostgresConnection = cluster.Membership == ClusterOptions.Postgres ? cluster.PostgresConnection : null,
            Certificates = cluster.CertificatePath.Length == 0 ? null : CertificatesOf(cluster),
        };
    }

    private static MemberCertificates CertificatesOf(ClusterOptions cluster)
    {
        try
        {
            return MemberCertificates.Load(cluster.CertificatePath, cluster.CertificateKeyPath, cluster.AuthorityPath);
        }
        catch (Exception failure) when (failure is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new StartException($"EmbedStore:Cluster:CertificatePath, CertificateKeyPath, AuthorityPath: {failure.Message}");
        }
    }

    private static async Task StopAtEndOfInputAsync(IHostApplicationLifetime lifetime)
    {
        await Console.OpenStandardInput().CopyToAsync(Stream.Null);
        lifetime.StopApplication();
    }
}
