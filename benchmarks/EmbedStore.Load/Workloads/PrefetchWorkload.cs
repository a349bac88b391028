using System.Diagnostics;

namespace EmbedStore.Load;

/// <summary>Question: what does a caller gain that says early which rows it will read?</summary>
internal sealed class PrefetchWorkload : IWorkload
{
    private const string Prefetched = "after prefetch";
    private const string Cold = "without";
    private const int BagCount = 64;
    private const int ReadCount = 8;
    private const int HoldMilliseconds = 2000;

    /// <summary>Time that the rows have to come: the time of some steps of a model.</summary>
    private static readonly TimeSpan Notice = TimeSpan.FromMilliseconds(50);

    public string Name => "prefetch";

    public string Describe(LoadOptions options) =>
        $"First reads of (64, 64) uniform ids of the table of `memory`, over HTTP on one connection: after a prefetch {Notice.TotalMilliseconds:0} ms before, over reads after the same pause without one. Only the reads are timed; some rows are in the row cache by earlier ones.";

    public IReadOnlyList<Line> Run(Stage stage)
    {
        RowSet rows = MemoryWorkload.RowsOf(stage.Options);
        using EmbedStoreServer server = stage.Serve(MemoryWorkload.MemoryOf(rows));
        EmbedStoreTable table = EmbedStoreTable.Load(server, "rows", rows);
        using var peer = new EmbedStorePeer(table);
        using var ahead = new HttpConnection(server.Port);
        int seed = 100;
        Rounds rounds = Rounds.Run(
            stage.Options,
            new Contender(Prefetched, () => Measure(rows, peer, ++seed, batch => Prefetch(ahead, table, batch))),
            new Contender(Cold, () => Measure(rows, peer, ++seed, static _ => { })));
        return [Line.Of("first reads after a prefetch / without", rounds, Prefetched, Cold, Unit.RowsPerSecond, null)];
    }

    private static double[] Measure(RowSet rows, EmbedStorePeer peer, int seed, Action<IdBatch> announce)
    {
        IdBatch[] batches = IdSource.Uniform(rows.RowCount).Batches(ReadCount, BagCount, Shapes.LargeBagLength, seed);
        byte[] answer = Shapes.Answer(batches, rows);
        byte[] expected = new byte[answer.Length];
        TimeSpan time = TimeSpan.Zero;
        foreach (IdBatch batch in batches)
        {
            announce(batch);
            Thread.Sleep(Notice);
            long start = Stopwatch.GetTimestamp();
            peer.Read(batch, answer);
            time += Stopwatch.GetElapsedTime(start);
            rows.Fill(batch.Ids, expected);
            SameBytes.Require(peer.Name, expected, answer);
        }

        return [(long)ReadCount * batches[0].Count / time.TotalSeconds];
    }

    private static void Prefetch(HttpConnection connection, EmbedStoreTable table, IdBatch batch) =>
        connection.Skip(connection.Send(SafetensorsRequest.OfIds(table.Path($"prefetch?hold={HoldMilliseconds}"), batch)));
}
