namespace EmbedStore.Load;

/// <summary>Question: how fast is a table that is four times as large as the memory it may take?</summary>
internal sealed class MemoryWorkload : IWorkload
{
    private const int TimesMemory = 4;

    /// <summary>The least that <c>RowStore:MemoryBytes</c> may be.</summary>
    private const long MemoryByteCountMin = 16L << 20;

    private static readonly Goal Goal = Goal.AtLeast(3);

    public string Name => "memory";

    public string Describe(LoadOptions options)
    {
        RowSet rows = RowsOf(options);
        return $"(512, 64) uniform ids of {rows.RowCount:N0} × 64 F32 with {Unit.MebiBytes.Write(MemoryOf(rows))} of memory: RowStore:MemoryBytes here, a block cache (with index and filters) there; sorted keys, one level, no compression, bloom filters of 10 bits. Both read their files through the system's page cache, which may hold them: what is compared is the path, not the disk.";
    }

    public IReadOnlyList<Line> Run(Stage stage)
    {
        RowSet rows = RowsOf(stage.Options);
        long memory = MemoryOf(rows);
        using Optional<RocksDbPeer> rocksDb = Optional.Of(() => new RocksDbPeer(stage.NewFolder(), rows, memory));
        using var inProcess = new InProcessPeer(stage.NewFolder(), rows, memory);
        using EmbedStoreServer server = stage.Serve(memory);
        using var http = new EmbedStorePeer(EmbedStoreTable.Load(server, "rows", rows), "EmbedStore over HTTP");
        IdBatch[] batches = Shapes.Large(IdSource.Uniform(rows.RowCount), rows);
        IPeer[] peers = [.. new IPeer?[] { inProcess, http, rocksDb.Value }.OfType<IPeer>()];
        SameBytes.Require(rows, batches, peers);
        byte[] answer = Shapes.Answer(batches, rows);
        Rounds rounds = Rounds.Run(stage.Options, [.. peers.Select(peer => Sampling.Throughput(stage.Options, peer.Name, batches, batch => peer.Read(batch, answer)))]);
        var rival = new Rival("RocksDB MultiGet", rocksDb.Value, rocksDb.Reason, Goal);
        return [Over(inProcess, "in process"), Over(http, "over HTTP")];

        Line Over(IPeer ours, string where) => rival.Compare(rounds, ours, $"larger than memory ({TimesMemory}×), {where} / {rival.Name}, uniform", Unit.RowsPerSecond);
    }

    /// <summary>The table: at least so large that its memory may be a part of it.</summary>
    public static RowSet RowsOf(LoadOptions options) => new(Math.Max(options.TableRowCount, TimesMemory * MemoryByteCountMin / (Stage.Width * sizeof(float))), Stage.Width);

    /// <summary>The memory that it may take. Unit: bytes.</summary>
    public static long MemoryOf(RowSet rows) => rows.PayloadByteCount / TimesMemory;
}
