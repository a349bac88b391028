using System.Diagnostics;
using EmbedStore.Testing;
using Xunit.Abstractions;

namespace EmbedStore.Recovery.Tests;

/// <summary>Acknowledged means on disk: a server that is killed while it works comes back with all that it acknowledged, each batch once.</summary>
public class KillTests(ITestOutputHelper output)
{
    private const string KillsVariable = "EMBEDSTORE_KILLS";
    private const int AcknowledgementsMax = 400;

    /// <summary>50 in every run; more by <c>EMBEDSTORE_KILLS=1000</c>.</summary>
    private static readonly int KillCount = int.TryParse(Environment.GetEnvironmentVariable(KillsVariable), out int kills) ? kills : 50;

    [Fact]
    public async Task Kill_DuringMixedWork_LosesNothingAndCountsNothingTwice()
    {
        var began = Stopwatch.StartNew();
        var random = new Random(TestSeed.Current);
        var load = new MixedLoad(TestSeed.Current);
        await using ServerProcess server = await ServerProcess.StartAsync("--EmbedStore:RowStore:LogSegmentBytes", "1048576");
        await MixedLoad.CreateTablesAsync(server.Client);
        for (int kill = 1; kill <= KillCount; kill++)
        {
            // A kill comes after a random number of acknowledgements, so that it meets every phase of a commit; often soon, so that it meets recovery too.
            await NamingAsync(kill, WorkUntilKilledAsync(server, load, 1 + (int)(AcknowledgementsMax * Math.Pow(random.NextDouble(), 3))));
            await server.RestartAsync();
            await MixedLoad.WaitUntilReadyAsync(server.Client);
        }

        string? problem = await load.CheckAsync(server.Client);
        Assert.True(problem is null, $"After the last kill, {TestSeed.Hint}: {problem}");
        output.WriteLine(FormattableString.Invariant($"{KillCount} kills in {began.Elapsed.TotalSeconds:F0} s: {load.Totals}, none lost, none counted twice; {TestSeed.Hint}."));
    }

    private static async Task WorkUntilKilledAsync(ServerProcess server, MixedLoad load, int acknowledgements)
    {
        var enough = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        int left = acknowledgements;
        Task all = load.WorkAsync(server.Client.BaseAddress!, () =>
        {
            if (Interlocked.Decrement(ref left) == 0)
            {
                enough.SetResult();
            }
        });
        await (await Task.WhenAny(enough.Task, all)).WaitAsync(ServerProgram.Patience);
        server.Kill();
        await all;
        Assert.True(Volatile.Read(ref left) <= 0, "The server went down before it was killed: " + string.Join('\n', server.Errors));
    }

    /// <summary>Every failure says which kill it was behind, and how to have it again.</summary>
    private static async Task NamingAsync(int kill, Task work)
    {
        try
        {
            await work;
        }
        catch (Exception fault)
        {
            throw new InvalidOperationException($"Before kill {kill}, {TestSeed.Hint}: {fault.Message}", fault);
        }
    }
}
