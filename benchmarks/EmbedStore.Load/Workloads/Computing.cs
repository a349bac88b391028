using System.Diagnostics;

namespace EmbedStore.Load;

/// <summary>Threads that only compute, and share nothing with anybody but the processor's cores: what is left of a delay beside them is the scheduler's.</summary>
internal sealed class Computing : IDisposable
{
    private readonly Background[] _threads;

    /// <summary>Begins. Disposing it ends it.</summary>
    /// <param name="period">From the start of one burst to the start of the next.</param>
    /// <param name="work">Of all cores together in a period. Counted by the clock, so that waiting for a core counts as work: it is never more than that.</param>
    public Computing(TimeSpan period, TimeSpan work) =>
        _threads = [.. Enumerable.Range(0, Environment.ProcessorCount).Select(_ => new Background(stop => Run(stop, period, work / Environment.ProcessorCount)))];

    public void Dispose() => Array.ForEach(_threads, static thread => thread.Dispose());

    private static void Run(ManualResetEventSlim stop, TimeSpan period, TimeSpan work)
    {
        long start = Stopwatch.GetTimestamp();
        for (int burst = 0; !stop.IsSet; burst++)
        {
            TimeSpan begin = Stopwatch.GetElapsedTime(start);
            while (Stopwatch.GetElapsedTime(start) < begin + work)
            {
            }

            TimeSpan ahead = (period * (burst + 1)) - Stopwatch.GetElapsedTime(start);
            if (ahead > TimeSpan.Zero)
            {
                stop.Wait(ahead);
            }
        }
    }
}
