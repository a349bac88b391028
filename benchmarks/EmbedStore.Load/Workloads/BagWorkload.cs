using System.Runtime.InteropServices;

namespace EmbedStore.Load;

/// <summary>Question: what does pooling on the server save?</summary>
internal sealed class BagWorkload : IWorkload
{
    private static readonly Goal Goal = Goal.AtLeast(2);

    public string Name => "bag";

    public string Describe(LoadOptions options) =>
        $"512 bags of 64 ids of {options.TableRowCount:N0} × 64 F32, summed, over HTTP on one connection, over the gather of the same ids; rows/s counts the rows that are read.";

    public IReadOnlyList<Line> Run(Stage stage)
    {
        using var bag = new EmbedStorePeer(stage.Table, "bag", "bag?mode=sum");
        using var gather = new EmbedStorePeer(stage.Table, "gather");
        return [.. IdSource.Both(stage.Rows.RowCount).Select(ids => Compare(stage, ids, bag, gather))];
    }

    private static Line Compare(Stage stage, IdSource ids, EmbedStorePeer bag, EmbedStorePeer gather)
    {
        IdBatch[] batches = Shapes.Large(ids, stage.Rows);
        SameBytes.Require(stage.Rows, batches, gather);
        byte[] rows = Shapes.Answer(batches, stage.Rows);
        byte[] pooled = new byte[Shapes.LargeBagCount * stage.Rows.RowByteCount];
        foreach (IdBatch batch in batches)
        {
            bag.Read(batch, pooled);
            SameBytes.Require(bag.Name, Sums(stage.Rows, batch), pooled);
        }

        Rounds rounds = Rounds.Run(
            stage.Options,
            Sampling.Throughput(stage.Options, bag.Name, batches, batch => bag.Read(batch, pooled)),
            Sampling.Throughput(stage.Options, gather.Name, batches, batch => gather.Read(batch, rows)));
        return Line.Of($"bag of 64 / unpooled gather, {ids.Name}", rounds, bag.Name, gather.Name, Unit.RowsPerSecond, Goal);
    }

    /// <summary>Exact whatever the order: see <see cref="RowSet"/>.</summary>
    private static byte[] Sums(RowSet rows, IdBatch batch)
    {
        byte[] sums = new byte[batch.BagCount * rows.RowByteCount];
        Span<float> all = MemoryMarshal.Cast<byte, float>(sums.AsSpan());
        byte[] bytes = new byte[rows.RowByteCount];
        Span<float> row = MemoryMarshal.Cast<byte, float>(bytes.AsSpan());
        for (int i = 0; i < batch.Count; i++)
        {
            rows.Fill(batch.Ids.Slice(i, 1), bytes);
            Span<float> sum = all.Slice(i / batch.BagLength * rows.Width, rows.Width);
            for (int column = 0; column < rows.Width; column++)
            {
                sum[column] += row[column];
            }
        }

        return sums;
    }
}
