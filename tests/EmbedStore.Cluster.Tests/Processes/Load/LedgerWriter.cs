using System.Diagnostics;
using System.Globalization;
using EmbedStore.Testing;

namespace EmbedStore.Cluster.Tests;

/// <summary>A writer with sequences: each batch is sent until it is acknowledged, to the next server after each failure, and some once more after that. So what it added to each row is known exactly.</summary>
/// <remarks>Whole numbers, so that binary32 adds them exactly in whatever order.</remarks>
internal sealed class LedgerWriter(string name, IReadOnlyList<SiloProcess> servers, int seed)
{
    private const int BatchRowCountMax = 12;
    private const int BatchesPerRepetition = 8;

    /// <summary>Batches that are acknowledged by one server before the next one gets some, on average.</summary>
    private const int BatchesPerServer = 4;

    /// <summary>Of one try; a longer one is made again with another server.</summary>
    private static readonly TimeSpan TryTimeout = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(15);

    private readonly Random _random = new(seed);
    private readonly ApiClient[] _clients = [.. servers.Select(static server => server.NewClient(TryTimeout))];
    private int _server = seed;

    public string Name => name;

    /// <summary>What its batches add to each row.</summary>
    public float[] Sums { get; } = new float[RowSet.LedgerRowCount];

    /// <summary>Batches.</summary>
    public long AcknowledgedCount { get; private set; }

    /// <summary>Batches that were sent again after their acknowledgement, and were told so.</summary>
    public long RepeatedCount { get; private set; }

    /// <summary>Tries that failed.</summary>
    public long FailedTryCount { get; private set; }

    /// <summary>Why, and how often.</summary>
    public Dictionary<string, int> Failures { get; } = [];

    /// <summary>Of one batch.</summary>
    public int TryCountMax { get; private set; }

    /// <summary>Longest time that a batch took with all its tries.</summary>
    public TimeSpan LongestBatch { get; private set; }

    /// <summary>Writes until it is told to stop; the last batch is acknowledged then.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        using var pace = new PeriodicTimer(Pace);
        while (!stop.IsCancellationRequested)
        {
            bool isStep = _random.Next(2) == 0;
            int[] rows = [.. Enumerable.Range(0, _random.Next(1, BatchRowCountMax + 1)).Select(_ => _random.Next(RowSet.LedgerRowCount))];
            int number = _random.Next(1, 10);
            await SendUntilAcknowledgedAsync(isStep, rows, number);
            Array.ForEach(rows, row => Sums[row] += isStep ? -number : number);
            await RepeatSometimesAsync(isStep, rows, number);
            await pace.WaitForNextTickAsync(CancellationToken.None);
        }
    }

    private async Task SendUntilAcknowledgedAsync(bool isStep, int[] rows, int number)
    {
        long began = Stopwatch.GetTimestamp();
        for (int tries = 1; ; tries++)
        {
            if (await Calls.TryAsync(() => SendAsync(isStep, rows, number, AcknowledgedCount + 1), Note) is not null)
            {
                AcknowledgedCount++;
                TryCountMax = Math.Max(TryCountMax, tries);
                LongestBatch = new TimeSpan(Math.Max(LongestBatch.Ticks, Stopwatch.GetElapsedTime(began).Ticks));
                return;
            }

            FailedTryCount++;
            _server++;
            if (Stopwatch.GetElapsedTime(began) > ServerProgram.Patience)
            {
                throw new TimeoutException($"{name}: batch {AcknowledgedCount + 1} was not acknowledged in {tries} tries.");
            }

            await Task.Delay(Pace);
        }
    }

    private void Note(string reason) => Failures[reason] = Failures.GetValueOrDefault(reason) + 1;

    private async Task RepeatSometimesAsync(bool isStep, int[] rows, int number)
    {
        bool isRepeated = _random.Next(BatchesPerRepetition) == 0;
        _server += isRepeated || _random.Next(BatchesPerServer) == 0 ? 1 : 0;
        if (isRepeated && await Calls.TryAsync(() => SendAsync(isStep, rows, number, AcknowledgedCount)) is { } again)
        {
            RepeatedCount++;
            if (again.Headers.GetValueOrDefault("embedstore-duplicate") != "true")
            {
                throw new InvalidOperationException($"{name}: batch {AcknowledgedCount} was taken twice: {again.Text}");
            }
        }
    }

    private Task<Answer> SendAsync(bool isStep, int[] rows, int number, long sequence) => _clients[_server % _clients.Length].SendAsync(
        HttpMethod.Post,
        $"/v1/tables/{SiloCluster.Table}/{(isStep ? "apply" : "put?accumulate=true")}",
        WireBody.Content(WireFormat.Safetensors, RowSet.Tensors(rows, isStep ? "gradients" : "values", number)),
        headers: [("Embedstore-Writer", name), ("Embedstore-Sequence", sequence.ToString(CultureInfo.InvariantCulture))]);
}
