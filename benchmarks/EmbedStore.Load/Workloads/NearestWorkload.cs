using System.Runtime.InteropServices;
using EmbedStore.Tensors;

namespace EmbedStore.Load;

/// <summary>Question: how fast is an exact search, beside a loop over an array?</summary>
internal sealed class NearestWorkload : IWorkload
{
    private const int FoundCount = 10;
    private const int Seed = 6;

    public string Name => "nearest";

    public string Describe(LoadOptions options) =>
        $"The {FoundCount} rows of {options.TableRowCount:N0} × 64 F32 with the largest products with 1 and with 64 queries, over HTTP on one connection, over a plain loop over an array in this process, on as many threads as there are cores; what is counted are pairs of a row and a query.";

    public IReadOnlyList<Line> Run(Stage stage)
    {
        var dense = new DenseSearchPeer(stage.Rows);
        using var connection = new TensorConnection(stage.Table.Server);
        return [Compare(stage, connection, dense, 1), Compare(stage, connection, dense, 64)];
    }

    private static Line Compare(Stage stage, TensorConnection connection, DenseSearchPeer dense, int queryCount)
    {
        const string Ours = "nearest";
        float[] queries = Queries(queryCount, stage.Rows.Width);
        HttpRequest call = SafetensorsRequest.OfTensor(
            stage.Table.Path($"nearest?metric=dot&k={FoundCount}"), "queries", ElementType.F32, TensorShape.Of(queryCount, stage.Rows.Width), MemoryMarshal.AsBytes(queries.AsSpan()));
        connection.Call(call);
        Require(connection, dense.Search(queries, FoundCount));
        Rounds rounds = Rounds.Run(
            stage.Options,
            Sampling.Rate(stage.Options, Ours, () =>
            {
                connection.Call(call);
                return stage.Rows.RowCount * queryCount;
            }),
            Sampling.Rate(stage.Options, DenseSearchPeer.Name, () =>
            {
                dense.Search(queries, FoundCount);
                return stage.Rows.RowCount * queryCount;
            }));
        return Line.Of($"nearest of {queryCount} {(queryCount == 1 ? "query" : "queries")} / {DenseSearchPeer.Name}", rounds, Ours, DenseSearchPeer.Name, Unit.PairsPerSecond, null);
    }

    /// <summary>Elements of -1, 0 and 1: products with a <see cref="RowSet"/> are exact in any order, so scores compare bit for bit.</summary>
    private static float[] Queries(int count, int width)
    {
        var random = new Random(Seed);
        return [.. Enumerable.Range(0, count * width).Select(_ => (float)(random.Next(3) - 1))];
    }

    private static void Require(TensorConnection connection, (long Id, float Score)[] expected)
    {
        IReadOnlyDictionary<string, Tensor> answer = connection.Tensors();
        long[] ids = [.. expected.Select(static row => row.Id)];
        float[] scores = [.. expected.Select(static row => row.Score)];
        SameBytes.Require("ids of nearest", MemoryMarshal.AsBytes(ids.AsSpan()), answer["ids"].Data.Span);
        SameBytes.Require("scores of nearest", MemoryMarshal.AsBytes(scores.AsSpan()), answer["scores"].Data.Span);
    }
}
