namespace EmbedStore.Load;

/// <summary>Question: what does a snapshot cost the readers?</summary>
internal sealed class SnapshotWorkload : IWorkload
{
    private const string Idle = "idle";
    private const string Busy = "busy";
    private const string Computed = "computed";

    /// <summary>A snapshot's slice of work, and from the start of one to that of the next: see the README of EmbedStore.Shards.</summary>
    private static readonly TimeSpan Slice = TimeSpan.FromMilliseconds(0.12);
    private static readonly TimeSpan SlicePeriod = TimeSpan.FromMilliseconds(1.12);

    private static readonly Goal Goal = Goal.AtMost(1.5);

    public string Name => "snapshot";

    public string Describe(LoadOptions options) =>
        $"p99 of (1, 100) ids of {options.TableRowCount:N0} × 64 F32 on one connection while snapshots of that table are written, one after the other, over p99 with nothing beside it. The last line puts in the snapshots' place threads that compute as long as a snapshot's slices, and share nothing with the server.";

    public IReadOnlyList<Line> Run(Stage stage)
    {
        EmbedStoreTable table = stage.Trained;
        IdBatch[] batches = Shapes.Small(IdSource.Uniform(stage.Rows.RowCount));
        using var reader = new EmbedStorePeer(table);
        using var trainer = new Trainer(table, stage.Rows);
        byte[] answer = Shapes.Answer(batches, stage.Rows);
        Contender idle = Sampling.Latency(stage.Options, Idle, batches, batch => reader.Read(batch, answer));
        Rounds rounds = Rounds.Run(stage.Options, idle, new Contender(Busy, () =>
        {
            // Something to be saved, so that a snapshot is taken.
            trainer.Step();
            using var snapshots = new Background(stop => TakeUntil(stop, table, trainer));
            return idle.Measure();
        }), new Contender(Computed, () =>
        {
            using var work = new Computing(SlicePeriod, Slice);
            return idle.Measure();
        }));
        return
        [
            Line.Of("read p99 while a snapshot is written / idle", rounds, Busy, Idle, Unit.Microseconds, Goal, Sampling.P99),
            Line.Of("read p50 while a snapshot is written / idle", rounds, Busy, Idle, Unit.Microseconds, null, Sampling.P50),
            Line.Of("read p99 while threads of no server compute 0.12 of every 1.12 ms / idle", rounds, Computed, Idle, Unit.Microseconds, null, Sampling.P99),
        ];
    }

    private static void TakeUntil(ManualResetEventSlim stop, EmbedStoreTable table, Trainer trainer)
    {
        while (!stop.IsSet)
        {
            table.Server.Call(HttpMethod.Post, table.Path("snapshot"));
            trainer.Step();
        }
    }
}
