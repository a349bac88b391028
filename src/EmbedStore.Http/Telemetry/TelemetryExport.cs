using EmbedStore.Shards;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace EmbedStore.Http;

/// <summary>Sends traces, metrics and logs over OTLP. Without an endpoint nothing is collected.</summary>
/// <remarks>HTTP and runtime figures are those that ASP.NET Core and .NET measure themselves; ours are listed in <see cref="EmbedStoreTelemetry"/>.</remarks>
internal static class TelemetryExport
{
    private const string ServiceName = "embedstore";

    private static readonly string[] FrameworkSources = ["Microsoft.AspNetCore"];

    private static readonly string[] FrameworkMeters =
        ["Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "Microsoft.AspNetCore.Routing", "System.Runtime"];

    public static void AddTelemetry(this WebApplicationBuilder builder, TelemetryOptions options)
    {
        if (options.Endpoint.Length == 0)
        {
            return;
        }

        var endpoint = new Uri(options.Endpoint);
        ResourceBuilder resource = ResourceBuilder.CreateDefault().AddService(ServiceName, serviceVersion: ServerCalls.Version, serviceInstanceId: Environment.MachineName);
        builder.Services.AddSingleton(_ => Sdk.CreateTracerProviderBuilder()
            .SetResourceBuilder(resource)
            .AddSource(EmbedStoreTelemetry.ActivitySourceName)
            .AddSource(FrameworkSources)
            .AddOtlpExporter(exporter => Point(exporter, endpoint, "v1/traces"))
            .Build());
        builder.Services.AddSingleton(_ => Sdk.CreateMeterProviderBuilder()
            .SetResourceBuilder(resource)
            .AddMeter(EmbedStoreTelemetry.MeterName)
            .AddMeter(FrameworkMeters)
            .AddOtlpExporter(exporter => Point(exporter, endpoint, "v1/metrics"))
            .Build());
        builder.Logging.AddOpenTelemetry(logs => logs
            .SetResourceBuilder(resource)
            .AddOtlpExporter(exporter => Point(exporter, endpoint, "v1/logs")));
    }

    /// <summary>Begins to collect. The container flushes and ends it.</summary>
    public static void StartTelemetry(this WebApplication app)
    {
        _ = app.Services.GetService<TracerProvider>();
        _ = app.Services.GetService<MeterProvider>();
    }

    /// <summary>OTLP over HTTP, which needs no HTTP/2 on the way. Each signal has its own path below the endpoint, as the OTLP specification says.</summary>
    private static void Point(OtlpExporterOptions exporter, Uri endpoint, string path)
    {
        exporter.Protocol = OtlpExportProtocol.HttpProtobuf;
        exporter.Endpoint = new Uri($"{endpoint.ToString().TrimEnd('/')}/{path}");
    }
}
