using System.ComponentModel;

namespace EmbedStore.Http;

/// <summary>Where traces, metrics and logs go. Bound from <c>EmbedStore:Telemetry</c>.</summary>
public sealed class TelemetryOptions
{
    /// <summary>The variable that every OpenTelemetry program reads; it counts when <see cref="Endpoint"/> is empty.</summary>
    public const string StandardVariable = "OTEL_EXPORTER_OTLP_ENDPOINT";

    /// <summary>OTLP/HTTP collector, as an absolute http or https URL. Default: empty, which means <see cref="StandardVariable"/>, and telemetry off when that is empty too.</summary>
    [Description("OTLP collector, such as http://127.0.0.1:4318; empty = off")]
    public string Endpoint { get; set; } = "";
}
