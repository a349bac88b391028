using System.Diagnostics;
using Xunit.Abstractions;

namespace EmbedStore.Cluster.Tests;

/// <summary>Servers that stop and start in turn, and one that joins, hand shards over without anybody but the clock noticing.</summary>
[Collection(AloneOnTheMachine.Name)]
public sealed class RollingRestartTests(ITestOutputHelper output)
{
    private const int BatchesBetween = 100;

    /// <summary>So often a client sends a request that was refused or broken off.</summary>
    private const int TryCountMax = 5;

    private static readonly TimeSpan MovePauseMax = TimeSpan.FromSeconds(1);

    [ClusterFact]
    public async Task RestartOfAll_OneAfterTheOther_FailsNoRequestThatIsRetried()
    {
        await using SiloCluster cluster = await SiloCluster.StartAsync(3);
        await using var load = new ClusterLoad(cluster);
        await load.WorkAsync(BatchesBetween);
        long began = Stopwatch.GetTimestamp();
        var stops = new List<TimeSpan>();
        foreach (SiloProcess silo in cluster.Silos)
        {
            long asked = Stopwatch.GetTimestamp();
            Assert.Equal(0, await silo.StopAsync());
            stops.Add(Stopwatch.GetElapsedTime(asked));
            await load.WorkAsync(BatchesBetween);
            await silo.StartAsync();
            await cluster.WaitUntilWholeAsync();
        }

        Pause[] pauses = [.. load.PausesSince(began).OrderBy(static pause => pause.Length)];
        await load.EndAndCheckAsync();
        output.WriteLine(load.Failures);
        output.Say(nameof(RollingRestartTests), FormattableString.Invariant(
            $"3 clean stops of {string.Join(", ", stops.Select(static time => FormattableString.Invariant($"{time.TotalSeconds:F1} s")))}; longest pause of writes of a shard: median {pauses[pauses.Length / 2].Length.TotalMilliseconds:F0} ms, largest {pauses[^1].Length.TotalMilliseconds:F0} ms; {load.Totals}."));
        Assert.All(load.Writers, static writer => Assert.InRange(writer.TryCountMax, 1, TryCountMax));
    }

    [ClusterFact]
    public async Task Join_OfAServer_BringsItItsShards_EachWithAPauseOfWritesBelowASecond()
    {
        await using SiloCluster cluster = await SiloCluster.StartAsync(2);
        await using var load = new ClusterLoad(cluster);
        await load.WorkAsync(BatchesBetween);
        long began = Stopwatch.GetTimestamp();
        SiloProcess joined = await cluster.JoinAsync();
        int[] moved = cluster.WantedShardsOf(joined);
        Assert.NotEmpty(moved);
        await cluster.WaitUntilWholeAsync();
        TimeSpan took = Stopwatch.GetElapsedTime(began);
        await load.WorkAsync(BatchesBetween);
        Pause[] pauses = load.PausesSince(began);
        output.WriteLine(string.Join('\n', cluster.Silos.SelectMany(static silo => silo.Errors).Order(StringComparer.Ordinal)));
        await load.EndAndCheckAsync();
        output.WriteLine(load.Failures);
        output.Say("JoinTests", FormattableString.Invariant(
            $"{moved.Length} of {SiloCluster.ShardCount} shards moved within {took.TotalSeconds:F1} s; longest pause of writes of each: {string.Join(", ", moved.Select(shard => FormattableString.Invariant($"{pauses[shard]}")))}; {load.Totals}."));
        Assert.All(moved, shard => Assert.True(pauses[shard].Length < MovePauseMax, $"Shard {shard} took no writes for {pauses[shard]}."));
    }
}
