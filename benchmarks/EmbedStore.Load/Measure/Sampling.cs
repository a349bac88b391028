using System.Diagnostics;
using System.Runtime.InteropServices;

namespace EmbedStore.Load;

/// <summary>Loops of one caller that measure: one request after the other, its batches in turn, for the sample time.</summary>
internal static class Sampling
{
    /// <summary>Place of the 50th percentile in what <see cref="Latency"/> gives.</summary>
    public const int P50 = 0;

    /// <summary>Place of the 99th percentile in what <see cref="Latency"/> gives.</summary>
    public const int P99 = 1;

    /// <summary>Ids answered a second.</summary>
    public static Contender Throughput(LoadOptions options, string name, IdBatch[] batches, Action<IdBatch> call)
    {
        int next = 0;
        return Rate(options, name, () =>
        {
            IdBatch batch = batches[next++ % batches.Length];
            call(batch);
            return batch.Count;
        });
    }

    /// <summary>What the calls say that they did, a second.</summary>
    public static Contender Rate(LoadOptions options, string name, Func<long> call) => new(name, () =>
    {
        long done = 0;
        long start = Stopwatch.GetTimestamp();
        do
        {
            done += call();
        }
        while (Stopwatch.GetElapsedTime(start) < options.Sample);

        return [done / Stopwatch.GetElapsedTime(start).TotalSeconds];
    });

    /// <summary>Median and 99th percentile of the time from a call to its whole answer. Unit: microseconds.</summary>
    public static Contender Latency(LoadOptions options, string name, IdBatch[] batches, Action<IdBatch> call)
    {
        int next = 0;
        var times = new List<double>();
        return new Contender(name, () =>
        {
            times.Clear();
            long end = Stopwatch.GetTimestamp() + (long)(options.Sample.TotalSeconds * Stopwatch.Frequency);
            long before = Stopwatch.GetTimestamp();
            do
            {
                call(batches[next++ % batches.Length]);
                long after = Stopwatch.GetTimestamp();
                times.Add(Stopwatch.GetElapsedTime(before, after).TotalMicroseconds);
                before = after;
            }
            while (before < end);

            return Summary(times);
        });
    }

    /// <summary>Sorts the times and gives <see cref="P50"/> and <see cref="P99"/> of them.</summary>
    public static double[] Summary(List<double> times)
    {
        times.Sort();
        ReadOnlySpan<double> sorted = CollectionsMarshal.AsSpan(times);
        return [Statistics.Percentile(sorted, 0.5), Statistics.Percentile(sorted, 0.99)];
    }
}
