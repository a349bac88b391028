namespace EmbedStore.Load;

/// <summary>Question: what does one call for many tables save over a call for each?</summary>
internal sealed class LookupWorkload : IWorkload
{
    private const string Together = "one call";
    private const string Apart = "a call for each table";
    private const int TableCount = 8;
    private const int IdsPerTable = 640;
    private const int BatchCount = 64;

    public string Name => "lookup";

    public string Describe(LoadOptions options) =>
        $"{IdsPerTable} uniform ids of each of {TableCount} tables of {RowsOf(options).RowCount:N0} × 16 F32 in one /v1/lookup, over a gather for each table, one after the other on one connection, and over Redis MGETs of the same keys, pipelined.";

    public IReadOnlyList<Line> Run(Stage stage)
    {
        RowSet rows = RowsOf(stage.Options);
        using EmbedStoreServer server = stage.Serve(Stage.MemoryByteCountFor(rows));
        EmbedStoreTable[] tables = [.. Enumerable.Range(0, TableCount).Select(table => EmbedStoreTable.Load(server, $"t{table}", rows))];
        using var together = new TensorConnection(server);
        using var apart = new TensorConnection(server);
        Optional<RedisPeer> redis = stage.StartRedis(rows);
        using RedisPeer? redisPeer = redis.Value;
        IdBatch[] batches = IdSource.Uniform(rows.RowCount).Batches(BatchCount, TableCount, IdsPerTable, seed: 5);
        HttpRequest[] calls = [.. batches.Select(batch => SafetensorsRequest.OfFeatures(tables, batch))];
        HttpRequest[][] callsApart = [.. batches.Select(batch => PartsOf(batch).Select((part, table) => SafetensorsRequest.OfIds(tables[table].Path("gather"), part)).ToArray())];
        foreach (IdBatch batch in batches)
        {
            Require(rows, batch, together, calls[batch.Number], apart, callsApart[batch.Number]);
        }

        byte[] answer = Shapes.Answer(batches, rows);
        if (redisPeer is not null)
        {
            SameBytes.Require(rows, batches, redisPeer);
        }

        List<Contender> contenders =
        [
            Sampling.Throughput(stage.Options, Together, batches, batch => together.Call(calls[batch.Number])),
            Sampling.Throughput(stage.Options, Apart, batches, batch => Array.ForEach(callsApart[batch.Number], apart.Call)),
        ];
        if (redisPeer is not null)
        {
            contenders.Add(Sampling.Throughput(stage.Options, redisPeer.Name, batches, batch => redisPeer.Read(batch, answer)));
        }

        Rounds rounds = Rounds.Run(stage.Options, contenders);
        string figure = $"lookup of {TableCount} tables in one call / ";
        return
        [
            Line.Of(figure + Apart, rounds, Together, Apart, Unit.RowsPerSecond, null),
            redisPeer is null ? Line.NotRun(figure + "Redis MGET", redis.Reason, null) : Line.Of(figure + "Redis MGET", rounds, Together, redisPeer.Name, Unit.RowsPerSecond, null),
        ];
    }

    private static RowSet RowsOf(LoadOptions options) => new(options.TableRowCount / 10, 16);

    /// <summary>The ids of each table.</summary>
    private static IEnumerable<IdBatch> PartsOf(IdBatch batch)
    {
        int byteCount = batch.BagLength * sizeof(long);
        return Enumerable.Range(0, batch.BagCount).Select(table => new IdBatch(batch.Number, 1, batch.BagLength, batch.Bytes[(table * byteCount)..((table + 1) * byteCount)]));
    }

    private static void Require(RowSet rows, IdBatch batch, TensorConnection together, HttpRequest call, TensorConnection apart, HttpRequest[] calls)
    {
        together.Call(call);
        foreach ((IdBatch part, int table) in PartsOf(batch).Select(static (part, table) => (part, table)))
        {
            byte[] expected = new byte[part.Count * rows.RowByteCount];
            rows.Fill(part.Ids, expected);
            SameBytes.Require(Together, expected, together.Tensors()[SafetensorsRequest.FeatureName(table)].Data.Span);
            apart.Call(calls[table]);
            SameBytes.Require(Apart, expected, apart.Tensors()["rows"].Data.Span);
        }
    }
}
