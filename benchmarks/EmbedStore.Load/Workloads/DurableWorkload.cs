namespace EmbedStore.Load;

/// <summary>Question: how fast are rows written when an answer means that they are on disk?</summary>
internal sealed class DurableWorkload : IWorkload
{
    private const string Apply = "apply";
    private const string Put = "put";
    private const string RedisSet = "Redis SET";
    private const string RedisMSet = "Redis MSET";

    /// <summary>Redis keeps as many rows as the batches name.</summary>
    private const long RedisMemoryByteCount = 1L << 30;

    private static readonly Goal Goal = Goal.AtLeast(3);

    public string Name => "durable";

    public string Describe(LoadOptions options) =>
        $"4,096 rows of 64 F32 a request, uniform ids of {options.TableRowCount:N0}, one connection, each answered when it is on disk: apply (rowwise_adagrad) and put over Redis with appendonly and appendfsync always, as 4,096 pipelined SETs and as one MSET.";

    public IReadOnlyList<Line> Run(Stage stage)
    {
        using Optional<RedisPeer> redis = Optional.Of(() => RedisPeer.StartDurable(stage.NewFolder(), stage.Rows.RowByteCount, RedisMemoryByteCount));
        EmbedStoreTable table = stage.Trained;
        using var connection = new HttpConnection(table.Server.Port);
        using var reader = new EmbedStorePeer(table);
        using var trainer = new Trainer(table, stage.Rows);
        IdBatch[] batches = IdSource.Uniform(stage.Rows.RowCount).Batches(Shapes.LargeBatchCount, Shapes.TrainedRowCount, 1, seed: 5);
        byte[][] rows = [.. batches.Select(stage.Rows.RowsOf)];
        HttpRequest[] puts = [.. batches.Select(batch => SafetensorsRequest.OfRows(table.Path("put"), batch, "values", rows[batch.Number]))];
        void PutBatch(IdBatch batch) => TrainedTable.Send(connection, puts[batch.Number]);

        List<Contender> contenders =
        [
            Sampling.Throughput(stage.Options, Apply, batches, _ => trainer.Step()),
            Sampling.Throughput(stage.Options, Put, batches, PutBatch),
        ];
        Array.ForEach(batches, PutBatch);
        SameBytes.Require(stage.Rows, batches, reader);
        if (redis.Value is { } peer)
        {
            Array.ForEach(batches, batch => peer.SetEach(batch.Ids, rows[batch.Number]));
            SameBytes.Require(stage.Rows, batches, peer);
            contenders.Add(Sampling.Throughput(stage.Options, RedisSet, batches, batch => peer.SetEach(batch.Ids, rows[batch.Number])));
            contenders.Add(Sampling.Throughput(stage.Options, RedisMSet, batches, batch => peer.SetMany(batch.Ids, rows[batch.Number])));
        }

        Rounds rounds = Rounds.Run(stage.Options, contenders);
        return
        [
            Over(rounds, redis, Apply, RedisSet, Goal),
            Over(rounds, redis, Apply, RedisMSet, null),
            Over(rounds, redis, Put, RedisSet, null),
            Over(rounds, redis, Put, RedisMSet, null),
        ];
    }

    private static Line Over(Rounds rounds, Optional<RedisPeer> redis, string ours, string theirs, Goal? goal)
    {
        string figure = $"durable {ours} of 4,096 rows / {theirs}, appendfsync always";
        return redis.Value is null ? Line.NotRun(figure, redis.Reason, goal) : Line.Of(figure, rounds, ours, theirs, Unit.RowsPerSecond, goal);
    }
}
