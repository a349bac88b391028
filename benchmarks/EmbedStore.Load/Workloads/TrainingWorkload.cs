using System.Globalization;

namespace EmbedStore.Load;

/// <summary>Question: what does training cost the readers?</summary>
internal sealed class TrainingWorkload : IWorkload
{
    private const string Idle = "idle";
    private const string Busy = "busy";
    private const string Computed = "computed";

    private static readonly Goal Goal = Goal.AtMost(1.5);

    public string Name => "training";

    public string Describe(LoadOptions options) =>
        $"p99 of (1, 100) ids of {options.TableRowCount:N0} × 64 F32 on one connection while another applies 4,096 gradients at a time (rowwise_adagrad, durability commit) at half of the rate that it reached alone, over p99 with nothing beside it. The last line puts in the trainer's place threads that take as much processor time as the server took for the training, and share nothing with it.";

    public IReadOnlyList<Line> Run(Stage stage)
    {
        LoadOptions options = stage.Options;
        EmbedStoreTable table = stage.Trained;
        IdBatch[] batches = Shapes.Small(IdSource.Uniform(stage.Rows.RowCount));
        using var reader = new EmbedStorePeer(table);
        using var trainer = new Trainer(table, stage.Rows);
        byte[] answer = Shapes.Answer(batches, stage.Rows);
        trainer.TopPace(options.WarmUp);
        TrainingPace top = trainer.TopPace(options.Sample * options.RoundCount);
        TrainingPace half = top with { Period = top.Period * 2 };
        Contender idle = Sampling.Latency(options, Idle, batches, batch => reader.Read(batch, answer));
        Rounds rounds = Rounds.Run(options, idle, Beside(Busy, () => trainer.TrainEach(half.Period)), Beside(Computed, () => new Computing(half.Period, half.ProcessorTime)));
        string trained = string.Create(CultureInfo.InvariantCulture, $"{half.RowsPerSecond / 1e6:0.000} M rows/s are trained");
        string computed = string.Create(CultureInfo.InvariantCulture, $"threads of no server compute {half.ProcessorTime.TotalMilliseconds:0.0} of every {half.Period.TotalMilliseconds:0.0} ms");
        return
        [
            Line.Of($"read p99 while {trained} / idle", rounds, Busy, Idle, Unit.Microseconds, Goal, Sampling.P99),
            Line.Of($"read p50 while {trained} / idle", rounds, Busy, Idle, Unit.Microseconds, null, Sampling.P50),
            Line.Of($"read p99 while {computed} / idle", rounds, Computed, Idle, Unit.Microseconds, null, Sampling.P99),
        ];

        Contender Beside(string name, Func<IDisposable> start) => new(name, () =>
        {
            using IDisposable work = start();
            return idle.Measure();
        });
    }
}
