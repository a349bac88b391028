using System.Globalization;
using System.Net;
using System.Numerics;
using Microsoft.Extensions.Options;

namespace EmbedStore.Http;

/// <summary>The rules of <see cref="EmbedStoreOptions"/>. Each says what must hold and the value that did not.</summary>
internal sealed class EmbedStoreOptionsValidator : IValidateOptions<EmbedStoreOptions>
{
    private const long KiB = 1L << 10;
    private const long MiB = 1L << 20;
    private const long GiB = 1L << 30;
    private const long TiB = 1L << 40;

    /// <summary>Reports every broken rule at once.</summary>
    public ValidateOptionsResult Validate(string? name, EmbedStoreOptions options)
    {
        var result = new ValidateOptionsResultBuilder();
        CheckServer(options, result);
        foreach (string fault in KeyRules.Faults(options.Keys))
        {
            result.AddError(fault);
        }

        CheckLimits(options.Limits, result);
        CheckRowStore(options.RowStore, result);
        CheckSnapshots(options.Snapshots, result);
        CheckCluster(options.Cluster, result);
        CheckTelemetry(options.Telemetry, result);
        return result.Build();
    }

    private static void CheckServer(EmbedStoreOptions options, ValidateOptionsResultBuilder result)
    {
        if (string.IsNullOrWhiteSpace(options.Data))
        {
            result.AddError("EmbedStore:Data must name a folder; was empty.");
        }

        if (!IPAddress.TryParse(options.Address, out IPAddress? address))
        {
            result.AddError($"EmbedStore:Address must be an IP address; was '{options.Address}'.");
        }
        else if (!IPAddress.IsLoopback(address) && options.Keys.Count == 0)
        {
            result.AddError($"EmbedStore:Address must be a loopback address such as 127.0.0.1 or ::1 as long as EmbedStore:Keys names no key; was '{options.Address}'.");
        }

        CheckRange(result, "HttpPort", options.HttpPort, 0, IPEndPoint.MaxPort);
        CheckRange(result, "Http2Port", options.Http2Port, -1, IPEndPoint.MaxPort);
        CheckRange(result, "FeastPort", options.FeastPort, -1, IPEndPoint.MaxPort);
        CheckRange(result, "Shards", options.Shards, 1, 1024);
        if (options.CommitInterval.TotalMilliseconds is not (>= 1 and <= 60_000))
        {
            result.AddError($"EmbedStore:CommitInterval must be in [00:00:00.001, 00:01:00]; was {options.CommitInterval}.");
        }
    }

    private static void CheckLimits(LimitOptions limits, ValidateOptionsResultBuilder result)
    {
        CheckRange(result, "Limits:BodyBytes", limits.BodyBytes, KiB, Array.MaxLength);
        CheckRange(result, "Limits:ResultBytes", limits.ResultBytes, KiB, Array.MaxLength);
        CheckRange(result, "Limits:IdsPerRequest", limits.IdsPerRequest, 1, 1 << 27);
        CheckRange(result, "Limits:Connections", limits.Connections, 1, 1_000_000);
        CheckRange(result, "Limits:DataCallsPerCore", limits.DataCallsPerCore, 1, 65_536);
        CheckRange(result, "Limits:SharedBytes", limits.SharedBytes, 4 * KiB, TiB);
        CheckRange(result, "Limits:ImportBytes", limits.ImportBytes, KiB, 1024 * TiB);
    }

    private static void CheckRowStore(RowStoreOptions rowStore, ValidateOptionsResultBuilder result)
    {
        CheckRange(result, "RowStore:MemoryBytes", rowStore.MemoryBytes, 16 * MiB, 16 * TiB);
        CheckRange(result, "RowStore:ReserveBytes", rowStore.ReserveBytes, MiB, TiB);
        CheckRange(result, "RowStore:LogSegmentBytes", rowStore.LogSegmentBytes, MiB, GiB);
    }

    private static void CheckSnapshots(SnapshotOptions snapshots, ValidateOptionsResultBuilder result)
    {
        CheckRange(result, "Snapshots:LogBytes", snapshots.LogBytes, MiB, 1024 * TiB);
        if (snapshots.Interval < TimeSpan.FromSeconds(1) || snapshots.Interval > TimeSpan.FromDays(365))
        {
            result.AddError($"EmbedStore:Snapshots:Interval must be in [00:00:01, 365.00:00:00]; was {snapshots.Interval}.");
        }
    }

    private static void CheckCluster(ClusterOptions cluster, ValidateOptionsResultBuilder result)
    {
        CheckName(result, "Cluster:Id", cluster.Id, "-", 1);
        CheckName(result, "Cluster:SiloName", cluster.SiloName, "_.-", 0);
        if (cluster.Membership is not (ClusterOptions.Localhost or ClusterOptions.Postgres))
        {
            result.AddError($"EmbedStore:Cluster:Membership must be {ClusterOptions.Localhost} or {ClusterOptions.Postgres}; was '{cluster.Membership}'.");
        }

        if (cluster.Membership == ClusterOptions.Postgres && cluster.PostgresConnection.Length == 0)
        {
            result.AddError($"EmbedStore:Cluster:PostgresConnection must not be empty with membership {ClusterOptions.Postgres}.");
        }

        if (!IPAddress.TryParse(cluster.AdvertisedAddress, out IPAddress? address))
        {
            result.AddError($"EmbedStore:Cluster:AdvertisedAddress must be an IP address; was '{cluster.AdvertisedAddress}'.");
        }
        else if (!IPAddress.IsLoopback(address) && cluster.PeerKey.Length == 0)
        {
            result.AddError($"EmbedStore:Cluster:PeerKey must not be empty when the other servers use {address}, no loopback address.");
        }

        if (cluster.PeerKey.Length is not (0 or (>= 32 and <= 256)))
        {
            result.AddError($"EmbedStore:Cluster:PeerKey must have 32 to 256 characters; had {cluster.PeerKey.Length}.");
        }

        CheckRange(result, "Cluster:PrimaryPort", cluster.PrimaryPort, 1, IPEndPoint.MaxPort);
        CheckRange(result, "Cluster:SiloPort", cluster.SiloPort, 0, IPEndPoint.MaxPort);
        CheckRange(result, "Cluster:GatewayPort", cluster.GatewayPort, 0, IPEndPoint.MaxPort);
        CheckRange(result, "Cluster:PeerPort", cluster.PeerPort, 0, IPEndPoint.MaxPort);
        CheckRange(result, "Cluster:StalenessMaxMilliseconds", cluster.StalenessMaxMilliseconds, 0, 86_400_000);
        CheckRange(result, "Cluster:PeerRowBytes", cluster.PeerRowBytes, MiB, 16 * TiB);
        if (cluster.MoveWait < TimeSpan.Zero || cluster.MoveWait > TimeSpan.FromMinutes(5))
        {
            result.AddError($"EmbedStore:Cluster:MoveWait must be in [00:00:00, 00:05:00]; was {cluster.MoveWait}.");
        }

        if (cluster.CertificatePath.Length > 0 != cluster.CertificateKeyPath.Length > 0 || cluster.CertificatePath.Length > 0 != cluster.AuthorityPath.Length > 0)
        {
            result.AddError("EmbedStore:Cluster:CertificatePath, CertificateKeyPath and AuthorityPath must be given together or not at all.");
        }
    }

    private static void CheckName(ValidateOptionsResultBuilder result, string name, string value, string marks, int lengthMin)
    {
        if (value.Length < lengthMin || value.Length > 64 || !value.All(letter => char.IsAsciiLetterOrDigit(letter) || marks.Contains(letter, StringComparison.Ordinal)))
        {
            result.AddError($"EmbedStore:{name} must be {lengthMin} to 64 letters, digits or one of '{marks}'; was '{value}'.");
        }
    }

    private static void CheckTelemetry(TelemetryOptions telemetry, ValidateOptionsResultBuilder result)
    {
        if (string.IsNullOrEmpty(telemetry.Endpoint))
        {
            return;
        }

        if (!Uri.TryCreate(telemetry.Endpoint, UriKind.Absolute, out Uri? endpoint) || endpoint.Scheme is not ("http" or "https"))
        {
            result.AddError($"EmbedStore:Telemetry:Endpoint must be empty or an absolute http or https URL; was '{telemetry.Endpoint}'.");
        }
    }

    private static void CheckRange<T>(ValidateOptionsResultBuilder result, string name, T value, T min, T max)
        where T : INumber<T>
    {
        if (value < min || value > max)
        {
            result.AddError(string.Create(CultureInfo.InvariantCulture, $"EmbedStore:{name} must be in [{min}, {max}]; was {value}."));
        }
    }
}
