namespace EmbedStore.Load;

/// <summary>Question: what does the data path cost over copying the rows out of an array?</summary>
internal sealed class GatherWorkload : IWorkload
{
    private static readonly Goal Goal = Goal.AtLeast(0.85);

    public string Name => "gather";

    public string Describe(LoadOptions options) =>
        $"(512, 64) ids of {options.TableRowCount:N0} × 64 F32, one thread, in this process: the whole pipeline, from the subscript to the rows, over a plain loop that copies the same rows out of one array in huge pages.";

    public IReadOnlyList<Line> Run(Stage stage)
    {
        using var ours = new InProcessPeer(stage.NewFolder(), stage.Rows, Stage.MemoryByteCountFor(stage.Rows));
        using var dense = new DenseCopyPeer(stage.Rows);
        return [.. IdSource.Both(stage.Rows.RowCount).Select(ids => Compare(stage, ids, ours, dense))];
    }

    private static Line Compare(Stage stage, IdSource ids, InProcessPeer ours, DenseCopyPeer dense)
    {
        IdBatch[] batches = Shapes.Large(ids, stage.Rows);
        SameBytes.Require(stage.Rows, batches, ours, dense);
        byte[] answer = Shapes.Answer(batches, stage.Rows);
        Rounds rounds = Rounds.Run(
            stage.Options,
            Sampling.Throughput(stage.Options, ours.Name, batches, batch => ours.Read(batch, answer)),
            Sampling.Throughput(stage.Options, dense.Name, batches, batch => dense.Read(batch, answer)));
        return Line.Of($"gather in process / {dense.Name}, {ids.Name}", rounds, ours.Name, dense.Name, Unit.RowsPerSecond, Goal);
    }
}
