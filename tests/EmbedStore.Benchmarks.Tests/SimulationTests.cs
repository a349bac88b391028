using EmbedStore.Serving;
using EmbedStore.Simulation;

namespace EmbedStore.Benchmarks.Tests;

public sealed class SimulationTests
{
    private static readonly ShardKey[] Shards = Cluster.Shards(5000);

    [Fact]
    public void Rendezvous_AServerLeaves_MovesWhatItHad()
    {
        PlacementServer[] servers = Cluster.Equal(50);
        Outcome outcome = Simulation.Simulation.Run(Scheme.Plain, Shards, servers, servers.Length);
        Assert.Equal(1, outcome.MovedRatio, 1e-9);
        Assert.Equal(outcome.LoadRatioMax, outcome.MovedRatioMax, 1e-9);
        Assert.Equal(0, outcome.TableRatio);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Bounded_ManyShards_KeepsItsBoundAndMovesLittleMoreThanItMust(bool unequal)
    {
        PlacementServer[] servers = unequal ? Cluster.Unequal(50) : Cluster.Equal(50);
        Outcome plain = Simulation.Simulation.Run(Scheme.Plain, Shards, servers, 5);
        Outcome bounded = Simulation.Simulation.Run(Scheme.Bounded, Shards, servers, 5);
        Assert.True(plain.LoadRatioMax > BoundedPlacement.LoadRatioMax);
        Assert.InRange(bounded.LoadRatioMax, 1, BoundedPlacement.LoadRatioMax);
        Assert.InRange(bounded.MovedRatio, 0.9, 1.5);
        Assert.InRange(bounded.TableRatio, 0, 0.02);
    }

    [Fact]
    public void Shards_OfTheCluster_AreDistinctAndAsMany() => Assert.Equal(5000, Shards.Distinct().Count());

    [Fact]
    public void Report_OfAnOutcome_SaysWhatIsNotReached()
    {
        var report = new Report();
        report.Add(Scheme.Plain, "equal", new SimulationOptions(1000, 1_000_000, 4), new Outcome(1.2, 0.9, 1.3, 1.0, 0.015, 6.25));
        Assert.Contains("| rendezvous | 1,000 | 1,000,000 | equal | **1.200** | 0.900 | 1.000 | 1.300 | 1.5% | 6.25 µs |", report.Write(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--servers")]
    [InlineData("--servers", "1")]
    [InlineData("--servers", "many")]
    [InlineData("--silos", "10")]
    [InlineData("--servers", "3", "--changes", "4")]
    public void CommandLineThatSaysNothing_IsRefused(params string[] words) => Assert.Equal(SimulationOptions.Usage, Assert.Throws<FormatException>(() => SimulationOptions.Parse(words)).Message);
}
