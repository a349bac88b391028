using BenchmarkDotNet.Attributes;
using EmbedStore.Load;
using EmbedStore.Tensors;

namespace EmbedStore.Benchmarks;

/// <summary>Question: what does a subscript cost before the first row is read, over copying its ids?</summary>
public class SubscriptBenchmarks
{
    private const long RowCount = 1_000_000;
    private const int Width = 64;

    private static readonly TableShape Table = new(TensorShape.Of(RowCount, Width));

    private readonly IdBatch _batch = Shapes.Large(IdSource.Uniform(RowCount), new RowSet(RowCount, Width))[0];
    private Dictionary<string, Tensor> _tensors = [];
    private Subscript _subscript = null!;

    [Params("[ids]", "[ids, 8:24]", "[ids, None, ::2]", "[ids, 7]")]
    public string Text { get; set; } = "";

    [GlobalSetup]
    public void Setup()
    {
        _tensors = new() { ["ids"] = _batch.Tensor };
        _subscript = Parse();
        SubscriptPlan plan = Plan();
        Same.Require<long>(_batch.Ids, plan.RowIds().Span);
        Same.Require<long>(ShapeOf(Text), plan.ResultShape.Sizes);
    }

    [Benchmark(Baseline = true)]
    public long[] CopyIds() => _batch.Ids.ToArray();

    [Benchmark]
    public Subscript Parse() => SubscriptParser.Parse(Text);

    [Benchmark]
    public SubscriptPlan Plan() => SubscriptResolver.Resolve(_subscript, Table, _tensors, Dialect.PyTorch, PlanLimits.None);

    private static long[] ShapeOf(string text) => text switch
    {
        "[ids]" => [Shapes.LargeBagCount, Shapes.LargeBagLength, Width],
        "[ids, 8:24]" => [Shapes.LargeBagCount, Shapes.LargeBagLength, 16],
        "[ids, None, ::2]" => [Shapes.LargeBagCount, Shapes.LargeBagLength, 1, Width / 2],
        _ => [Shapes.LargeBagCount, Shapes.LargeBagLength],
    };
}
