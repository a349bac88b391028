using System.Net;
using EmbedStore.Testing;
using Xunit.Abstractions;

namespace EmbedStore.Recovery.Tests;

/// <summary>Acknowledged means on disk: a server that is killed while it writes comes back with all that it acknowledged, each once.</summary>
public class KillTests(ITestOutputHelper output)
{
    private const string KillsVariable = "EMBEDSTORE_KILLS";
    private const int RowsOfAWriter = 16;
    private const int WritersOfATable = 3;

    /// <summary>20 in every run; more by <c>EMBEDSTORE_KILLS=1000</c>.</summary>
    private static readonly int KillCount = int.TryParse(Environment.GetEnvironmentVariable(KillsVariable), out int kills) ? kills : 20;

    private static readonly string[] TableNames = ["one-shard", "four-shards"];

    [Fact]
    public async Task Kill_DuringConcurrentPuts_LosesNothingAcknowledgedAndAppliesNothingTwice()
    {
        output.WriteLine(TestSeed.Hint);
        var random = new Random(TestSeed.Current);
        await using ServerProcess server = await ServerProcess.StartAsync();
        await CreateTablesAsync(new ApiClient(server.Client));
        Writer[] writers = [.. TableNames.SelectMany((table, t) => Enumerable.Range(0, WritersOfATable)
            .Select(w => new Writer(table, w * RowsOfAWriter, RowsOfAWriter, TestSeed.Current + (t * WritersOfATable) + w)))];
        for (int kill = 0; kill < KillCount; kill++)
        {
            // A kill comes after a random number of acknowledgements, so that it meets every phase of a commit.
            await WorkUntilKilledAsync(server, random.Next(1, 60), (address, acknowledged) => writers.Select(writer => writer.WriteAsync(address, acknowledged)));
            await server.RestartAsync();
            await WaitUntilReadyAsync(server.Client);
            var api = new ApiClient(server.Client);
            foreach (Writer writer in writers)
            {
                Assert.True(await writer.CheckAsync(api) is not { } problem, $"After kill {kill + 1}, {TestSeed.Hint}: {await writer.CheckAsync(api)}");
            }
        }

        output.WriteLine($"{writers.Sum(static writer => writer.AcknowledgedCount)} operations were acknowledged over {KillCount} kills.");
    }

    /// <summary>Assigns, adds, steps and erasures with sequences: after each kill the rows hold exactly what the acknowledged batches and the one sent again make of them.</summary>
    [Fact]
    public async Task Kill_DuringExactlyOnceTraining_CountsEveryBatchOnce()
    {
        const int Trainers = 4, RowsOfATrainer = 64;
        output.WriteLine(TestSeed.Hint);
        var random = new Random(TestSeed.Current + 1);
        await using ServerProcess server = await ServerProcess.StartAsync();
        (await new ApiClient(server.Client).CreateAsync(
            "trained", $$"""{"shape": [{{Trainers * RowsOfATrainer}}, 2], "shards": 4, "optimizer": {"kind": "sgd"} }""")).Success();
        Trainer[] trainers = [.. Enumerable.Range(0, Trainers)
            .Select(t => new Trainer("trained", $"trainer-{t}", t * RowsOfATrainer, RowsOfATrainer, TestSeed.Current + t))];
        for (int kill = 0; kill < KillCount; kill++)
        {
            await WorkUntilKilledAsync(server, random.Next(1, 60), (address, acknowledged) => trainers.Select(trainer => trainer.TrainAsync(address, acknowledged)));
            await server.RestartAsync();
            await WaitUntilReadyAsync(server.Client);
            foreach (Trainer trainer in trainers)
            {
                string? problem = await trainer.CheckAsync(new ApiClient(server.Client));
                Assert.True(problem is null, $"After kill {kill + 1}, {TestSeed.Hint}: {problem}");
            }
        }

        output.WriteLine($"{trainers.Sum(static trainer => trainer.AcknowledgedCount)} batches were acknowledged over {KillCount} kills, {trainers.Sum(static trainer => trainer.DuplicateCount)} were sent again.");
    }

    private static async Task CreateTablesAsync(ApiClient api)
    {
        const int Rows = WritersOfATable * RowsOfAWriter;
        (await api.CreateAsync(TableNames[0], $$"""{"shape": [{{Rows}}, 2], "dtype": "I64", "shards": 1}""")).Success();
        (await api.CreateAsync(TableNames[1], $$"""{"shape": [{{Rows}}, 2], "dtype": "I64", "shards": 4}""")).Success();
    }

    private static async Task WorkUntilKilledAsync(ServerProcess server, int acknowledgements, Func<Uri, Action, IEnumerable<Task>> work)
    {
        var enough = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        int left = acknowledgements;
        Task all = Task.WhenAll(work(server.Client.BaseAddress!, () =>
        {
            if (Interlocked.Decrement(ref left) == 0)
            {
                enough.SetResult();
            }
        }));
        await (await Task.WhenAny(enough.Task, all)).WaitAsync(ServerProgram.Patience);
        server.Kill();
        await all;
        Assert.True(left <= 0, "The server went down before it was killed.");
    }

    private static async Task WaitUntilReadyAsync(HttpClient client)
    {
        using var patience = new CancellationTokenSource(ServerProgram.Patience);
        while (true)
        {
            using HttpResponseMessage response = await client.GetAsync("/health/ready", patience.Token);
            if (response.StatusCode == HttpStatusCode.OK)
            {
                return;
            }
        }
    }
}
