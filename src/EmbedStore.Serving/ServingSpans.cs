using System.Diagnostics;
using EmbedStore.Shards;

namespace EmbedStore.Serving;

/// <summary>The spans of the pipelines' stages. Off, a span costs a null check.</summary>
internal static class ServingSpans
{
    private static readonly ActivitySource Activities = new(EmbedStoreTelemetry.ActivitySourceName);

    public static Activity? Start(string name) => Activities.StartActivity(name);
}
