using System.Globalization;

namespace EmbedStore.Load;

/// <summary>Question: what does training cost the readers?</summary>
internal sealed class TrainingWorkload : IWorkload
{
    private const string Idle = "idle";
    private const string Busy = "busy";

    private static readonly Goal Goal = Goal.AtMost(1.5);

    public string Name => "training";

    public string Describe(LoadOptions options) =>
        $"p99 of (1, 100) ids of {options.TableRowCount:N0} × 64 F32 on one connection while another applies 4,096 gradients at a time (rowwise_adagrad, durability commit) at half of the rate that it reached alone, over p99 with nothing beside it.";

    public IReadOnlyList<Line> Run(Stage stage)
    {
        LoadOptions options = stage.Options;
        EmbedStoreTable table = stage.Trained;
        IdBatch[] batches = Shapes.Small(IdSource.Uniform(stage.Rows.RowCount));
        using var reader = new EmbedStorePeer(table);
        using var trainer = new Trainer(table, stage.Rows);
        byte[] answer = Shapes.Answer(batches, stage.Rows);
        trainer.TopRate(options.WarmUp);
        double topRate = trainer.TopRate(options.Sample * options.RoundCount);
        Contender idle = Sampling.Latency(options, Idle, batches, batch => reader.Read(batch, answer));
        Rounds rounds = Rounds.Run(options, idle, new Contender(Busy, () =>
        {
            using IDisposable training = trainer.TrainAt(topRate / 2);
            return idle.Measure();
        }));
        string rate = (topRate / 2e6).ToString("0.000", CultureInfo.InvariantCulture);
        return
        [
            Line.Of($"read p99 while {rate} M rows/s are trained / idle", rounds, Busy, Idle, Unit.Microseconds, Goal, Sampling.P99),
            Line.Of($"read p50 while {rate} M rows/s are trained / idle", rounds, Busy, Idle, Unit.Microseconds, null, Sampling.P50),
        ];
    }
}
