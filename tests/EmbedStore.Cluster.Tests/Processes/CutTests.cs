using EmbedStore.Testing;
using Xunit.Abstractions;

namespace EmbedStore.Cluster.Tests;

/// <summary>A server that is cut off from the others and from the database of members, but not from its clients and from the shared folder.</summary>
[Collection(AloneOnTheMachine.Name)]
public sealed class CutTests(ITestOutputHelper output)
{
    private const int BatchesBefore = 100;
    private const int BatchesAfter = 50;

    /// <summary>Writes through the server that is cut off, of each shard that it had.</summary>
    private const int WritesWhileCut = 20;

    [NetworkFact]
    public async Task Cut_OfAnOwner_AcknowledgesNothingForShardsThatOthersTook_AndHealsWhole()
    {
        using var network = new NetworkNamespace();
        await using SiloCluster cluster = await SiloCluster.StartAsync(3, network);
        await using var load = new ClusterLoad(cluster, withAgedReaders: false);
        await load.WorkAsync(BatchesBefore);
        SiloProcess silo = cluster.Silos[2];
        using var ending = new CancellationTokenSource();
        DirectWriter[] directs = [.. cluster.WantedShardsOf(silo).Select(shard => new DirectWriter(silo, RowSet.OfShard(shard)[1]))];
        Assert.NotEmpty(directs);
        Task direct = Task.WhenAll(directs.Select(writer => writer.RunAsync(ending.Token)));
        await Wait.UntilAsync("direct writes", () => directs.All(static writer => writer.AcknowledgedCount > 0));

        silo.IsUp = false;
        TimeSpan recovery = await load.RecoverFromAsync(network.Cut);

        // What was on its way when the others took over may still be told.
        int[] triesBefore = [.. directs.Select(static writer => writer.TryCount)];
        await cluster.ExplainAsync(() => Wait.UntilAsync("a direct write to end", () => directs.Index().All(writer => writer.Item.TryCount > triesBefore[writer.Index])));
        int[] acknowledged = [.. directs.Select(static writer => writer.AcknowledgedCount)];
        await load.WorkAsync(BatchesAfter);
        await cluster.ExplainAsync(() => Wait.UntilAsync("direct writes to be refused", () => directs.All(static writer => writer.RefusedCount >= WritesWhileCut)));
        Assert.Equal(acknowledged, directs.Select(static writer => writer.AcknowledgedCount));

        network.Heal();
        await cluster.ExplainAsync(() => Wait.UntilAsync($"{silo.Name} to end", () => silo.HasEnded));
        await ending.CancelAsync();
        await direct;
        Assert.Equal(LostMember.ExitCode, await silo.WaitForEndAsync());
        await silo.StartAsync();
        await cluster.WaitUntilWholeAsync();
        foreach (DirectWriter writer in directs)
        {
            foreach (SiloProcess server in cluster.Up)
            {
                float found = RowSet.NumbersOf(await RowSet.GatherAsync(SiloCluster.Client(server), $"[{writer.Row}:{writer.Row + 1}]"))[0];
                Assert.True(found >= writer.LastAcknowledged && found <= writer.TryCount, $"Row {writer.Row} holds {found}; {writer.LastAcknowledged} was acknowledged, {writer.TryCount} sent.");
            }
        }

        await load.EndAndCheckAsync();
        output.WriteLine(load.Failures);
        output.Say(nameof(CutTests), FormattableString.Invariant(
            $"every shard written again {recovery.TotalSeconds:F1} s after the cut; through the server that was cut off {acknowledged.Sum()} direct writes acknowledged and kept, then none while {directs.Sum(static writer => writer.RefusedCount)} were refused; it ended when the cut did; {load.Totals}."));
    }

    /// <summary>Writes 1, 2, 3, ... to a row through one server, whatever becomes of each.</summary>
    private sealed class DirectWriter(SiloProcess server, int row)
    {
        private static readonly TimeSpan TryTimeout = TimeSpan.FromMilliseconds(500);

        private readonly ApiClient _client = server.NewClient(TryTimeout);

        public int Row => row;

        public int TryCount { get; private set; }

        public int AcknowledgedCount { get; private set; }

        public int LastAcknowledged { get; private set; }

        public int RefusedCount => TryCount - AcknowledgedCount;

        public async Task RunAsync(CancellationToken stop)
        {
            using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
            while (!stop.IsCancellationRequested)
            {
                int number = TryCount + 1;
                if (await Calls.TryAsync(() => RowSet.PutAsync(_client, [row], number)) is not null)
                {
                    AcknowledgedCount++;
                    LastAcknowledged = number;
                }

                TryCount = number;
                await pace.WaitForNextTickAsync(CancellationToken.None);
            }
        }
    }
}
