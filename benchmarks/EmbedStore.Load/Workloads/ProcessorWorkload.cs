using System.Diagnostics;
using System.Globalization;

namespace EmbedStore.Load;

/// <summary>Question: where does the time of a large request go, and how fast could it be on this machine?</summary>
internal sealed class ProcessorWorkload : IWorkload
{
    private const int Wall = 0;
    private const int Total = 1;
    private const int Kernel = 2;
    private const int CoresBusy = 3;

    public string Name => "processor";

    public string Describe(LoadOptions options) =>
        $"processor time of the large uniform request of `http`, of client and server together: a request cannot take less than it on all cores. The last line is what would be left if a server cost nothing but its gather, as it is in this process, and the moving of the bytes, as the raw socket does it.";

    public IReadOnlyList<Line> Run(Stage stage)
    {
        IdBatch[] batches = Shapes.Large(IdSource.Uniform(stage.Rows.RowCount), stage.Rows);
        EmbedStoreServer server = stage.Table.Server;
        using var http = new EmbedStorePeer(stage.Table);
        using var raw = new RawSocketPeer(stage.Rows, batches);
        using var gather = new InProcessPeer(stage.NewFolder(), stage.Rows, Stage.MemoryByteCountFor(stage.Rows));
        SameBytes.Require(stage.Rows, batches, http, raw, gather);
        byte[] answer = Shapes.Answer(batches, stage.Rows);
        Rounds rounds = Rounds.Run(
            stage.Options,
            Of(http, () => ProcessorUse.Here + server.ProcessorUse),
            Of(raw, static () => ProcessorUse.Here),
            Of(gather, static () => ProcessorUse.Here));
        return
        [
            Line.Of($"time of a (512, 64) request over HTTP / {raw.Name}", rounds, http.Name, raw.Name, Unit.Microseconds, null, Wall),
            Line.Of($"its processor time / {raw.Name}", rounds, http.Name, raw.Name, Unit.Microseconds, null, Total),
            Line.Of($"its processor time in the kernel / {raw.Name}", rounds, http.Name, raw.Name, Unit.Microseconds, null, Kernel),
            Line.Of($"cores that are busy meanwhile / {raw.Name}", rounds, http.Name, raw.Name, Unit.Cores, null, CoresBusy),
            Bound(rounds, raw, gather),
        ];

        Contender Of(IPeer peer, Func<ProcessorUse> use) => new(peer.Name, () => Measure(stage.Options, batches, batch => peer.Read(batch, answer), use));
    }

    /// <returns>A request's time, processor time and that in the kernel, in microseconds, and the cores that were busy.</returns>
    private static double[] Measure(LoadOptions options, IdBatch[] batches, Action<IdBatch> call, Func<ProcessorUse> use)
    {
        ProcessorUse before = use();
        long start = Stopwatch.GetTimestamp();
        int count = 0;
        do
        {
            call(batches[count++ % batches.Length]);
        }
        while (Stopwatch.GetElapsedTime(start) < options.Sample);

        TimeSpan wall = Stopwatch.GetElapsedTime(start);
        ProcessorUse used = use() - before;
        return [wall.TotalMicroseconds / count, used.Total.TotalMicroseconds / count, used.Kernel.TotalMicroseconds / count, used.Total / wall];
    }

    private static Line Bound(Rounds rounds, RawSocketPeer raw, InProcessPeer gather)
    {
        double least = (rounds.Median(raw.Name, Total) + rounds.Median(gather.Name, Total)) / Environment.ProcessorCount;
        string figure = string.Create(CultureInfo.InvariantCulture, $"processor time of {raw.Name} and gather on {Environment.ProcessorCount} cores / time of {raw.Name}");
        return new Line(figure, Unit.Microseconds.Write(least), Unit.Microseconds.Write(rounds.Median(raw.Name, Wall)), least / rounds.Median(raw.Name, Wall), "of the medians", null);
    }
}
