using System.Net;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Orleans.Configuration;

namespace EmbedStore.Benchmarks.Cluster;

/// <summary>A member that answers by either way. Ends with its standard input.</summary>
internal static class RowServer
{
    /// <param name="ports">Own silo port, the first member's silo port, HTTP port (0: none).</param>
    public static WebApplication Build(params int[] ports)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddRoutingCore();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, ports[2], static door => door.Protocols = HttpProtocols.Http1));
        builder.UseOrleans(silo => silo
            .UseDevelopmentClustering(new IPEndPoint(IPAddress.Loopback, ports[1]))
            .Configure<Orleans.Configuration.ClusterOptions>(static cluster => (cluster.ClusterId, cluster.ServiceId) = ("benchmark", "benchmark"))
            .Configure<EndpointOptions>(endpoint =>
            {
                endpoint.AdvertisedIPAddress = IPAddress.Loopback;
                endpoint.SiloPort = ports[0];
                endpoint.GatewayPort = 0;
            }));
        WebApplication app = builder.Build();
        app.UseRouting();
        byte[] content = [];
        app.MapGet("/rows/{byteCount:int}", async (HttpContext context, int byteCount) =>
        {
            if (content.Length != byteCount)
            {
                content = Content.Of(byteCount);
            }

            context.Response.ContentLength = byteCount;
            await context.Response.Body.WriteAsync(content);
        });
        return app;
    }

    public static async Task<int> RunAsync(int[] ports)
    {
        await using WebApplication app = Build(ports);
        await app.StartAsync();
        Console.WriteLine("ready");
        await Console.OpenStandardInput().CopyToAsync(Stream.Null);
        return 0;
    }
}
