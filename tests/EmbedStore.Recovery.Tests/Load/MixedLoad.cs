using System.Diagnostics;
using System.Net;
using EmbedStore.Testing;

namespace EmbedStore.Recovery.Tests;

/// <summary>Writers of both kinds at once on two tables: puts, sums, steps, erasures, and snapshots in between.</summary>
internal sealed class MixedLoad
{
    private const int WritersOfATable = 3;
    private const int RowsOfAWriter = 16;
    private const int TrainersOfATable = 3;
    private const int RowsOfATrainer = 64;

    private static readonly (string Name, int ShardCount)[] Tables = [("one-shard", 1), ("four-shards", 4)];

    private readonly Worker[] _workers;

    public MixedLoad(int seed)
    {
        var random = new Random(seed);
        _workers = [.. Tables.SelectMany(table => WorkersOf(table.Name, random))];
    }

    public long AcknowledgedCount => _workers.Sum(static worker => worker.AcknowledgedCount);

    /// <summary>In words.</summary>
    public string Totals =>
        $"{AcknowledgedCount} batches and {_workers.Sum(static worker => worker.SnapshotCount)} snapshots were acknowledged, {_workers.OfType<Trainer>().Sum(static trainer => trainer.DuplicateCount)} batches repeated";

    public static async Task CreateTablesAsync(HttpClient server)
    {
        int rowCount = (WritersOfATable * RowsOfAWriter) + (TrainersOfATable * RowsOfATrainer);
        foreach ((string name, int shardCount) in Tables)
        {
            string spec = $$"""{"shape": [{{rowCount}}, {{Batch.Width}}], "shards": {{shardCount}}, "optimizer": {"kind": "sgd"} }""";
            (await new ApiClient(server).CreateAsync(name, spec)).Success();
        }
    }

    /// <summary>Checks everything and writes until the server is gone.</summary>
    /// <param name="server">Its address.</param>
    /// <param name="acknowledged">Called for each batch, on any thread.</param>
    public Task WorkAsync(Uri server, Action acknowledged) => Task.WhenAll(_workers.Select(worker => worker.WorkAsync(server, acknowledged)));

    /// <summary>Null when every worker finds what it must.</summary>
    public async Task<string?> CheckAsync(HttpClient server)
    {
        var api = new ApiClient(server);
        foreach (Worker worker in _workers)
        {
            if (await worker.CheckAsync(api) is { } problem)
            {
                return problem;
            }
        }

        return null;
    }

    /// <summary>Returns when every shard has recovered.</summary>
    /// <exception cref="HttpRequestException">The server is gone.</exception>
    /// <exception cref="TimeoutException">A shard did not recover.</exception>
    public static async Task WaitUntilReadyAsync(HttpClient server)
    {
        long began = Stopwatch.GetTimestamp();
        string last = "";
        while (Stopwatch.GetElapsedTime(began) < ServerProgram.Patience)
        {
            using HttpResponseMessage response = await server.GetAsync("/health/ready");
            if (response.StatusCode == HttpStatusCode.OK)
            {
                return;
            }

            last = await response.Content.ReadAsStringAsync();
        }

        throw new TimeoutException("The server does not become ready: " + last);
    }

    private static IEnumerable<Worker> WorkersOf(string table, Random random)
    {
        for (int w = 0; w < WritersOfATable; w++)
        {
            yield return new PlainWriter(table, w * RowsOfAWriter, RowsOfAWriter, random.Next());
        }

        for (int t = 0; t < TrainersOfATable; t++)
        {
            yield return new Trainer(table, $"trainer-{t}", (WritersOfATable * RowsOfAWriter) + (t * RowsOfATrainer), RowsOfATrainer, random.Next());
        }
    }
}
