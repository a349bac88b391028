using System.Diagnostics;
using EmbedStore.Testing;

namespace EmbedStore.Cluster.Tests;

/// <summary>Reads the same rows through one server, as old as a minute: once it had them, no read fails while that server lives.</summary>
internal sealed class AgedReader(SiloProcess server)
{
    private static readonly TimeSpan TryTimeout = TimeSpan.FromSeconds(20);

    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(15);

    private readonly ApiClient _client = server.NewClient(TryTimeout);

    /// <summary>Answers.</summary>
    public long ReadCount { get; private set; }

    /// <summary>Longest time that a read took behind the first one.</summary>
    public TimeSpan LongestRead { get; private set; }

    /// <exception cref="InvalidOperationException">A read failed that must not.</exception>
    public async Task RunAsync(CancellationToken stop)
    {
        using var pace = new PeriodicTimer(Pace);
        int warm = 0;
        while (!stop.IsCancellationRequested)
        {
            int start = server.StartCount;
            bool isUp = server.IsUp;
            long began = Stopwatch.GetTimestamp();
            if (isUp && await ReadAsync() is var problem)
            {
                TimeSpan took = Stopwatch.GetElapsedTime(began);
                if (problem is null)
                {
                    ReadCount++;
                    LongestRead = warm == start ? new TimeSpan(Math.Max(LongestRead.Ticks, took.Ticks)) : LongestRead;
                    warm = start;
                }
                else if (warm == start && server.IsUp && server.StartCount == start)
                {
                    throw new InvalidOperationException($"A read through {server.Name} that allows rows of a minute failed after {took.TotalMilliseconds:F0} ms: {problem}");
                }
            }

            await pace.WaitForNextTickAsync(CancellationToken.None);
        }
    }

    /// <returns>Null when it was answered.</returns>
    private async Task<string?> ReadAsync()
    {
        try
        {
            Answer answer = await RowSet.GatherAsync(_client, RowSet.LedgerIndex, ("Embedstore-Max-Staleness", "60000"));
            if (answer.Status != 200)
            {
                return answer.Text;
            }

            RowSet.NumbersOf(answer);
            return null;
        }
        catch (Exception failure) when (Calls.IsNoAnswer(failure))
        {
            return failure.Message;
        }
    }
}
