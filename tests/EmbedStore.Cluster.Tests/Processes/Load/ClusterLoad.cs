using System.Diagnostics;
using EmbedStore.Testing;

namespace EmbedStore.Cluster.Tests;

/// <summary>Writers with a ledger, readers that check, and a probe of each shard, all at once on one cluster.</summary>
internal sealed class ClusterLoad : IAsyncDisposable
{
    private const int WriterCount = 4;

    private readonly SiloCluster _cluster;
    private readonly CancellationTokenSource _ending = new();
    private readonly LedgerWriter[] _writers;
    private readonly FreshReader _fresh;
    private readonly AgedReader[] _aged;
    private readonly ShardProbe[] _probes;
    private readonly Task[] _workers;

    /// <summary>Starts.</summary>
    public ClusterLoad(SiloCluster cluster, bool withAgedReaders = true)
    {
        _cluster = cluster;
        SiloProcess[] silos = [.. cluster.Silos];
        _writers = [.. Enumerable.Range(0, WriterCount).Select(number => new LedgerWriter($"writer-{number}", silos, TestSeed.Current + number))];
        _fresh = new FreshReader(silos);
        _aged = [.. silos.Where(_ => withAgedReaders).Select(static silo => new AgedReader(silo))];
        _probes = [.. Enumerable.Range(0, SiloCluster.ShardCount).Select(shard => new ShardProbe(shard, () => cluster.Up))];
        _workers = [
            .. _writers.Select(writer => writer.RunAsync(_ending.Token)), _fresh.RunAsync(_ending.Token),
            .. _aged.Select(reader => reader.RunAsync(_ending.Token)), .. _probes.Select(probe => probe.RunAsync(_ending.Token))];
    }

    public IReadOnlyList<LedgerWriter> Writers => _writers;

    public long AcknowledgedCount => _writers.Sum(static writer => writer.AcknowledgedCount);

    /// <summary>In words.</summary>
    public string Totals => string.Create(
        System.Globalization.CultureInfo.InvariantCulture,
        $"{AcknowledgedCount} batches acknowledged once, {_writers.Sum(static writer => writer.FailedTryCount)} tries failed (at most {_writers.Max(static writer => writer.TryCountMax)} of one batch, which took {_writers.Max(static writer => writer.LongestBatch).TotalSeconds:F1} s), {_writers.Sum(static writer => writer.RepeatedCount)} sent twice on purpose; {_fresh.ReadCount} fresh reads, {_fresh.RefusedCount} refused; {_aged.Sum(static reader => reader.ReadCount)} aged reads, 0 refused, the longest {_aged.Select(static reader => reader.LongestRead.TotalMilliseconds).DefaultIfEmpty().Max():F0} ms");

    /// <summary>Why tries of writers failed, and how often, in lines.</summary>
    public string Failures => string.Join('\n', _writers.SelectMany(static writer => writer.Failures).GroupBy(static pair => pair.Key, static pair => pair.Value).Select(static reason => $"{reason.Sum()} x {reason.Key}"));

    /// <summary>Does something to a server, and waits until a write to every shard that began after that was acknowledged.</summary>
    /// <returns>How long that took, from before it was done.</returns>
    public async Task<TimeSpan> RecoverFromAsync(Action deed)
    {
        long before = Stopwatch.GetTimestamp();
        deed();
        long after = Stopwatch.GetTimestamp();
        await _cluster.ExplainAsync(() => Wait.UntilAsync("a write to every shard", () => Goes() && _probes.All(probe => probe.FirstSince(after) is not null)));
        return _probes.Max(probe => Stopwatch.GetElapsedTime(before, probe.FirstSince(after)!.Value));
    }

    /// <summary>Longest pause of writes to each shard since a moment.</summary>
    public Pause[] PausesSince(long moment) => [.. _probes.Select(probe => probe.LongestPauseSince(moment))];

    /// <summary>Waits until so many more batches were acknowledged.</summary>
    public async Task WorkAsync(int batchCount)
    {
        long enough = AcknowledgedCount + batchCount;
        await _cluster.ExplainAsync(() => Wait.UntilAsync($"{batchCount} more batches", () => Goes() && AcknowledgedCount >= enough));
    }

    /// <summary>Ends the load, and compares what every server that is up has with the ledger.</summary>
    public async Task EndAndCheckAsync()
    {
        await _ending.CancelAsync();
        await _cluster.ExplainAsync(() => Task.WhenAll(_workers));
        float[] expected = new float[RowSet.LedgerRowCount];
        foreach (LedgerWriter writer in _writers)
        {
            Array.ForEach([.. Enumerable.Range(0, expected.Length)], row => expected[row] += writer.Sums[row]);
        }

        foreach (SiloProcess silo in _cluster.Up)
        {
            ApiClient api = SiloCluster.Client(silo);
            using HttpClient http = api.Http;
            Assert.Equal(expected, RowSet.NumbersOf(await RowSet.GatherAsync(api, RowSet.LedgerIndex)));
            foreach (LedgerWriter writer in _writers)
            {
                Assert.Equal(writer.AcknowledgedCount, (await api.GetAsync($"/v1/tables/{SiloCluster.Table}/writers/{writer.Name}")).Success()["sequence"].GetInt64());
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        await Task.WhenAll(_workers).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _ending.Dispose();
    }

    /// <summary>True, or what a worker threw.</summary>
    private bool Goes()
    {
        _workers.FirstOrDefault(static worker => worker.IsFaulted)?.GetAwaiter().GetResult();
        return true;
    }
}
