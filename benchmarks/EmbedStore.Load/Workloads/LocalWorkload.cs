namespace EmbedStore.Load;

/// <summary>Question: what does a client gain that lives on the server's host?</summary>
internal sealed class LocalWorkload : IWorkload
{
    private static readonly Goal OverRedis = Goal.AtLeast(10);

    public string Name => "local";

    public string Describe(LoadOptions options) =>
        $"the large request of `http` through the doors for clients on the same host: a Unix domain socket, and that socket with the answer left in shared memory, where this process can use the rows until its next call and copies none (they are copied, and compared, before the measurement). Redis and the raw socket as in `http`.";

    public IReadOnlyList<Line> Run(Stage stage)
    {
        EmbedStoreTable table = stage.Table;
        return stage.LocalSocket is { } socket
            ? [.. IdSource.Both(stage.Rows.RowCount).SelectMany(ids => Compare(stage, table, socket, ids))]
            : [Line.NotRun("shared memory (512, 64) / Redis MGET", "no files in memory here", OverRedis)];
    }

    private static List<Line> Compare(Stage stage, EmbedStoreTable table, string socketPath, IdSource ids)
    {
        IdBatch[] batches = Shapes.Large(ids, stage.Rows);
        using var local = new EmbedStorePeer(table, "Unix domain socket", socketPath: socketPath);
        using var shared = new SharedMemoryPeer(table, socketPath, batches[0], stage.Rows.RowByteCount);
        using var raw = new RawSocketPeer(stage.Rows, batches);
        IPeer[] copying = [.. new IPeer?[] { local, stage.Redis.Value, raw }.OfType<IPeer>()];
        SameBytes.Require(stage.Rows, batches, [shared, .. copying]);
        byte[] answer = Shapes.Answer(batches, stage.Rows);
        Rounds rounds = Rounds.Run(
            stage.Options,
            [
                Sampling.Throughput(stage.Options, shared.Name, batches, batch => shared.Reach(batch)),
                .. copying.Select(peer => Sampling.Throughput(stage.Options, peer.Name, batches, batch => peer.Read(batch, answer))),
            ]);
        return
        [
            Rival.Redis(stage.Redis, OverRedis).Compare(rounds, shared, $"shared memory (512, 64) / Redis MGET, {ids.Name}", Unit.RowsPerSecond),
            Line.Of($"shared memory (512, 64) / {raw.Name}, {ids.Name}", rounds, shared.Name, raw.Name, Unit.RowsPerSecond, null),
            Line.Of($"Unix domain socket (512, 64) / {raw.Name}, {ids.Name}", rounds, local.Name, raw.Name, Unit.RowsPerSecond, null),
        ];
    }
}
