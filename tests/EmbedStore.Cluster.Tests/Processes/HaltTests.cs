using System.Diagnostics;
using System.Globalization;
using EmbedStore.Testing;
using Xunit.Abstractions;

namespace EmbedStore.Cluster.Tests;

/// <summary>An owner that slept while others took its shards over wakes up and believes that it still has them.</summary>
[Collection(AloneOnTheMachine.Name)]
public sealed class HaltTests(ITestOutputHelper output)
{
    private const string SecondsVariable = "EMBEDSTORE_STOP_SECONDS";
    private const int BatchesBefore = 100;

    /// <summary>20 s in every run; more by <c>EMBEDSTORE_STOP_SECONDS=60</c>.</summary>
    private static readonly TimeSpan HaltTime = TimeSpan.FromSeconds(
        int.TryParse(Environment.GetEnvironmentVariable(SecondsVariable), NumberStyles.None, CultureInfo.InvariantCulture, out int seconds) ? seconds : 20);

    private static readonly TimeSpan CallTimeout = HaltTime + TimeSpan.FromSeconds(60);

    [ClusterFact]
    public async Task Halt_OfAnOwner_LosesItsShards_AndWhatItAnswersAfterwardsIsTheNewOwnersWord()
    {
        await using SiloCluster cluster = await SiloCluster.StartAsync(3);
        await using var load = new ClusterLoad(cluster);
        await load.WorkAsync(BatchesBefore);
        SiloProcess silo = cluster.Silos[0];
        int[] shards = cluster.WantedShardsOf(silo);
        Assert.NotEmpty(shards);
        int[] readRows = [.. shards.Select(static shard => RowSet.OfShard(shard)[1])];
        int[] writtenRows = [.. shards.SelectMany(static shard => RowSet.OfShard(shard)[2..6])];
        ApiClient other = SiloCluster.Client(cluster.Silos[1]);
        (await RowSet.PutAsync(other, [.. readRows, .. writtenRows], 1)).Success();

        long halted = Stopwatch.GetTimestamp();
        TimeSpan recovery = await load.RecoverFromAsync(silo.Halt);

        // They lie before its door, and are the first that it does when it wakes up.
        (await RowSet.PutAsync(other, readRows, 2)).Success();
        ApiClient direct = silo.NewClient(CallTimeout);
        Task<Answer?>[] writes = [.. writtenRows.Select(row => Calls.TryAsync(() => RowSet.PutAsync(direct, [row], 1000 + row)))];
        Task<Answer?>[] reads = [.. readRows.Select(row => Calls.TryAsync(() => RowSet.GatherAsync(direct, $"[{row}:{row + 1}]")))];
        await Task.Delay(HaltTime - Stopwatch.GetElapsedTime(halted) is { Ticks: > 0 } left ? left : TimeSpan.Zero);
        silo.Continue();
        await Task.WhenAll([.. writes, .. reads]);
        int readCount = reads.Count(static read => read.Result is not null);
        Assert.All(reads, static read => Assert.True(read.Result is not { } answer || RowSet.NumbersOf(answer)[0] >= 2, "A read was older than an acknowledged write."));

        bool ended = await EndedOrServesAsync(silo);
        if (ended)
        {
            Assert.Equal(LostMember.ExitCode, await silo.WaitForEndAsync());
            await silo.StartAsync();
        }

        silo.IsUp = true;
        await cluster.WaitUntilWholeAsync();
        int acknowledged = 0;
        foreach ((int place, int row) in writtenRows.Index())
        {
            bool isAcknowledged = writes[place].Result is not null;
            acknowledged += isAcknowledged ? 1 : 0;
            foreach (SiloProcess server in cluster.Up)
            {
                float found = RowSet.NumbersOf(await RowSet.GatherAsync(SiloCluster.Client(server), $"[{row}:{row + 1}]"))[0];
                Assert.True(found == 1000 + row || (!isAcknowledged && found == 1), $"Row {row} holds {found} through {server.Name}; a write of {1000 + row} was {(isAcknowledged ? "" : "not ")}acknowledged.");
            }
        }

        await load.EndAndCheckAsync();
        output.WriteLine(load.Failures);
        output.Say(nameof(HaltTests), FormattableString.Invariant(
            $"halted for {HaltTime.TotalSeconds:F0} s, every shard written again after {recovery.TotalSeconds:F1} s; then of {writes.Length} writes before its door {acknowledged} were acknowledged and kept, of {reads.Length} reads {readCount} answered, none old; the process {(ended ? "ended" : "went on")}; {load.Totals}."));
    }

    private static async Task<bool> EndedOrServesAsync(SiloProcess silo)
    {
        ApiClient api = SiloCluster.Client(silo);
        await Wait.UntilAsync($"{silo.Name} to end or to serve", async () => silo.HasEnded || await SiloCluster.ShardsAsync(api) is { } shards && shards.All(static shard => shard.State == "serving"));
        return silo.HasEnded;
    }
}
