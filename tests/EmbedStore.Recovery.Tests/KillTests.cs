using System.Net;
using EmbedStore.Testing;
using Xunit.Abstractions;

namespace EmbedStore.Recovery.Tests;

/// <summary>Acknowledged means on disk: a server that is killed while it writes comes back with all that it acknowledged, each once.</summary>
public class KillTests(ITestOutputHelper output)
{
    private const int KillCount = 20;
    private const int RowsOfAWriter = 16;
    private const int WritersOfATable = 3;

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
            await WriteUntilKilledAsync(server, writers, random.Next(1, 60));
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

    private static async Task CreateTablesAsync(ApiClient api)
    {
        const int Rows = WritersOfATable * RowsOfAWriter;
        (await api.CreateAsync(TableNames[0], $$"""{"shape": [{{Rows}}, 2], "dtype": "I64", "shards": 1}""")).Success();
        (await api.CreateAsync(TableNames[1], $$"""{"shape": [{{Rows}}, 2], "dtype": "I64", "shards": 4}""")).Success();
    }

    private static async Task WriteUntilKilledAsync(ServerProcess server, Writer[] writers, int acknowledgements)
    {
        var enough = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        int left = acknowledgements;
        Uri address = server.Client.BaseAddress!;
        Task all = Task.WhenAll(writers.Select(writer => writer.WriteAsync(address, () =>
        {
            if (Interlocked.Decrement(ref left) == 0)
            {
                enough.SetResult();
            }
        })));
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
