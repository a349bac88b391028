using System.Net;
using System.Net.Sockets;
using EmbedStore.Shards;
using Microsoft.Extensions.Logging;

namespace EmbedStore.Cluster;

/// <summary>Where one server knows the members, the others wait until it listens: one that asks too early would ask again only five seconds later.</summary>
internal sealed partial class PrimaryWait(ClusterSettings settings, ILogger<PrimaryWait> logger)
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(100);

    /// <summary>Somebody who waits longer than this wants to know for what.</summary>
    private static readonly TimeSpan SilentTime = TimeSpan.FromSeconds(2);

    /// <summary>Returns when the primary listens; at once where there is none, or this is it.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        if (settings.PostgresConnection is not null || settings.Primary is not { } primary || primary.Equals(settings.MemberEndpoint))
        {
            return;
        }

        long began = Environment.TickCount64;
        bool told = false;
        while (!await ListensAsync(primary, cancellation))
        {
            if (!told && Environment.TickCount64 - began > SilentTime.TotalMilliseconds)
            {
                LogWaiting(primary);
                told = true;
            }

            await Task.Delay(LookEvery, cancellation);
        }
    }

    private static async Task<bool> ListensAsync(IPEndPoint primary, CancellationToken cancellation)
    {
        using var client = new TcpClient(primary.AddressFamily);
        try
        {
            await client.ConnectAsync(primary, cancellation);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    [LoggerMessage(EmbedStoreTelemetry.Events.PrimaryAwaited, LogLevel.Warning, "Waiting for the server at {Primary}, which knows the members; it must be started too")]
    private partial void LogWaiting(IPEndPoint primary);
}
