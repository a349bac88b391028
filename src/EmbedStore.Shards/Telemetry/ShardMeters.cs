using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace EmbedStore.Shards;

internal static class ShardMeters
{
    public static readonly ActivitySource Activities = new(EmbedStoreTelemetry.ActivitySourceName);

    private static readonly Meter Meter = new(EmbedStoreTelemetry.MeterName);

    private static readonly Histogram<double> CommitDuration = Meter.CreateHistogram<double>(EmbedStoreTelemetry.Instruments.CommitDuration, "s");

    private static readonly Histogram<int> CommitSize = Meter.CreateHistogram<int>(EmbedStoreTelemetry.Instruments.CommitSize, "{writes}");

    private static readonly Counter<long> LogWritten = Meter.CreateCounter<long>(EmbedStoreTelemetry.Instruments.LogWritten, "By");

    private static readonly Counter<long> ColdReads = Meter.CreateCounter<long>(EmbedStoreTelemetry.Instruments.ColdReads, "{rows}");

    public static void CountCommit(TimeSpan duration, int writeCount, long byteCount)
    {
        CommitDuration.Record(duration.TotalSeconds);
        CommitSize.Record(writeCount);
        LogWritten.Add(byteCount);
    }

    public static void CountColdReads(int count)
    {
        if (count > 0)
        {
            ColdReads.Add(count);
        }
    }
}
