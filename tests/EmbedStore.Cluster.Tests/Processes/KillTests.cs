using Xunit.Abstractions;

namespace EmbedStore.Cluster.Tests;

/// <summary>A server that is killed costs seconds, and no data.</summary>
[Collection(AloneOnTheMachine.Name)]
public sealed class KillTests(ITestOutputHelper output)
{
    private const int BatchesBetween = 200;

    private static readonly TimeSpan RecoveryTimeMax = TimeSpan.FromSeconds(10);

    [ClusterFact]
    public async Task Kill_OfEachServerInTurn_LosesNothing_AndAllShardsTakeWritesWithinTenSeconds()
    {
        await using SiloCluster cluster = await SiloCluster.StartAsync(3);
        await using var load = new ClusterLoad(cluster);
        var recoveries = new List<TimeSpan>();
        foreach (SiloProcess silo in cluster.Silos)
        {
            await load.WorkAsync(BatchesBetween);
            recoveries.Add(await load.RecoverFromAsync(silo.Kill));
            await load.WorkAsync(BatchesBetween);
            await silo.StartAsync();
            Assert.NotEmpty(cluster.WantedShardsOf(silo));
            await cluster.WaitUntilWholeAsync();
        }

        await load.EndAndCheckAsync();
        output.WriteLine(load.Failures);
        output.Say(nameof(KillTests), $"3 kills, every shard written again after {string.Join(", ", recoveries.Select(static time => FormattableString.Invariant($"{time.TotalSeconds:F1} s")))}; {load.Totals}.");
        Assert.All(recoveries, static time => Assert.True(time < RecoveryTimeMax, $"It took {time} until every shard took writes again."));
    }
}
