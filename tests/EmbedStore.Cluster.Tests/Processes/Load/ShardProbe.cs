using System.Collections.Concurrent;
using System.Diagnostics;
using EmbedStore.Testing;

namespace EmbedStore.Cluster.Tests;

/// <summary>Writes to one shard all the time, through whichever server is up: tells when writes were possible.</summary>
internal sealed class ShardProbe(int shard, Func<IReadOnlyList<SiloProcess>> up)
{
    /// <summary>A write that takes longer counts as one that was not possible.</summary>
    private static readonly TimeSpan TryTimeout = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(20);

    private readonly int[] _rows = RowSet.OfShard(shard)[..1];
    private readonly Dictionary<string, ApiClient> _clients = [];
    private readonly ConcurrentQueue<(long Began, long Ended)> _writes = new();

    public async Task RunAsync(CancellationToken stop)
    {
        using var pace = new PeriodicTimer(Pace);
        for (int turn = shard; !stop.IsCancellationRequested; turn++)
        {
            IReadOnlyList<SiloProcess> now = up();
            ApiClient client = ClientOf(now[turn % now.Count]);
            long began = Stopwatch.GetTimestamp();
            if (await Calls.TryAsync(() => RowSet.PutAsync(client, _rows, turn)) is not null)
            {
                _writes.Enqueue((began, Stopwatch.GetTimestamp()));
            }

            await pace.WaitForNextTickAsync(CancellationToken.None);
        }
    }

    /// <summary>When the first write that began after a moment was acknowledged; null when none was.</summary>
    public long? FirstSince(long moment) => _writes.Where(write => write.Began >= moment).Select(static write => (long?)write.Ended).FirstOrDefault();

    /// <summary>Longest time between two acknowledgements since a moment.</summary>
    public Pause LongestPauseSince(long moment)
    {
        long[] ends = [moment, .. _writes.Where(write => write.Ended >= moment).Select(static write => write.Ended)];
        return ends.Zip(ends.Skip(1), static (from, to) => new Pause(from, to)).DefaultIfEmpty(new Pause(moment, moment)).MaxBy(static pause => pause.Length);
    }

    private ApiClient ClientOf(SiloProcess server)
    {
        if (!_clients.TryGetValue(server.Name, out ApiClient? client))
        {
            client = server.NewClient(TryTimeout);
            _clients[server.Name] = client;
        }

        return client;
    }
}

/// <summary>A time without an acknowledged write.</summary>
/// <param name="From">Timestamp of the last one before.</param>
/// <param name="To">Timestamp of the first one after.</param>
internal readonly record struct Pause(long From, long To)
{
    public TimeSpan Length => Stopwatch.GetElapsedTime(From, To);

    /// <summary>Length and time of day, to be compared with what servers logged.</summary>
    public override string ToString() =>
        FormattableString.Invariant($"{Length.TotalMilliseconds:F0} ms until {DateTime.UtcNow - Stopwatch.GetElapsedTime(To):HH:mm:ss.fff}");
}
