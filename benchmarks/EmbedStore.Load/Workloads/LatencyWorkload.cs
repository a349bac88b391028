namespace EmbedStore.Load;

/// <summary>Question: how long does a small read take on one connection?</summary>
internal sealed class LatencyWorkload : IWorkload
{
    private static readonly Goal NoSlower = Goal.AtMost(1.0);

    public string Name => "latency";

    public string Describe(LoadOptions options) =>
        $"(1, 100) and (32, 1) ids of {options.TableRowCount:N0} × 64 F32, uniform, one request at a time on one connection: the time from the call to the last row; Redis gets one MGET, memcached one get.";

    public IReadOnlyList<Line> Run(Stage stage)
    {
        IdSource ids = IdSource.Uniform(stage.Rows.RowCount);
        return
        [
            .. Compare(stage, "(1, 100)", Shapes.Small(ids), NoSlower),
            .. Compare(stage, "(32, 1)", ids.Batches(Shapes.SmallBatchCount, 32, 1, seed: 3), null),
        ];
    }

    private static IEnumerable<Line> Compare(Stage stage, string shape, IdBatch[] batches, Goal? goal)
    {
        using var ours = new EmbedStorePeer(stage.Table);
        Rival[] rivals = [Rival.Redis(stage.Redis, goal), Rival.Memcached(stage.Memcached)];
        IPeer[] peers = [ours, .. rivals.Select(static rival => rival.Peer).OfType<IPeer>()];
        SameBytes.Require(stage.Rows, batches, peers);
        byte[] answer = Shapes.Answer(batches, stage.Rows);
        Rounds rounds = Rounds.Run(stage.Options, [.. peers.Select(peer => Sampling.Latency(stage.Options, peer.Name, batches, batch => peer.Read(batch, answer)))]);
        foreach ((string percentile, int number) in new[] { ("p50", Sampling.P50), ("p99", Sampling.P99) })
        {
            foreach (Rival rival in rivals)
            {
                yield return rival.Compare(rounds, ours, $"{percentile} of {shape} / {rival.Name}", Unit.Microseconds, number);
            }
        }
    }
}
