using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Text;
using EmbedStore.Shards;
using EmbedStore.Tensors;
using EmbedStore.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;

namespace EmbedStore.Http.Tests.Telemetry;

/// <summary>Telemetry goes to the endpoint that is set, under the listed names, and nowhere when none is.</summary>
public class TelemetryTests
{
    [Fact]
    public async Task Calls_WithAnEndpoint_SendSpansAndMetricsThere()
    {
        var received = new ConcurrentDictionary<string, string>();
        await using WebApplication collector = await CollectAsync(received);
        await using (TestServer server = await TestServer.StartAsync(("Telemetry:Endpoint", collector.Urls.First())))
        {
            // Rows of an open vocabulary are not resident, so that a gather walks through every stage.
            string table = await server.Api.NewAsync("[\"*\", 2]");
            (await server.Api.PutAsync(table, "[0]", Elements.F32(TensorShape.Scalar, 1))).Success();
            (await server.Api.GatherAsync(table, "[ids, 1]", ApiClient.Ids(0, 1))).Success();
        }

        // Ended, the server has sent all that it had.
        string[] spans = [EmbedStoreTelemetry.Spans.Plan, EmbedStoreTelemetry.Spans.Cache, EmbedStoreTelemetry.Spans.Route, EmbedStoreTelemetry.Spans.Gather, EmbedStoreTelemetry.Spans.Write, EmbedStoreTelemetry.Spans.ShardOpen];
        Assert.All(spans, name => Assert.Contains(name, received["/v1/traces"], StringComparison.Ordinal));
        Assert.Contains(EmbedStoreTelemetry.Instruments.CommitDuration, received["/v1/metrics"], StringComparison.Ordinal);
        Assert.Contains("http.server.request.duration", received["/v1/metrics"], StringComparison.Ordinal);
        Assert.All(received.Values, static body => Assert.Contains("embedstore", body, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Calls_WithoutAnEndpoint_AreNotListenedTo()
    {
        await using TestServer server = await TestServer.StartAsync();
        using var source = new ActivitySource(EmbedStoreTelemetry.ActivitySourceName);
        (await server.Api.GatherAsync(await server.Api.NewAsync("[8, 2]"), "[0]")).Success();
        Assert.False(source.HasListeners());
    }

    /// <summary>An OTLP collector as far as a test needs one: protobuf keeps names as they are.</summary>
    private static async Task<WebApplication> CollectAsync(ConcurrentDictionary<string, string> received)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(static kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        WebApplication app = builder.Build();
        app.Run(async context =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            string text = Encoding.Latin1.GetString(body.ToArray());
            received.AddOrUpdate(context.Request.Path.Value!, text, (_, before) => before + text);
        });
        await app.StartAsync();
        return app;
    }
}
