using System.Text.Json;
using EmbedStore.Testing;

namespace EmbedStore.Tensors.Tests.Subscripts;

public class ArgmaxTests
{
    [Fact]
    public void Compute_EveryGoldenCase_GivesWhatPyTorchGave()
    {
        IReadOnlyList<JsonElement> cases = GoldenCases.Embedding("argmax");
        Assert.Equal(40, cases.Count);
        foreach (JsonElement line in cases)
        {
            (Tensor scores, long? dimension) = ScoresOf(line);

            Tensor positions = Argmax.Compute("s", scores, dimension);

            Assert.Equal(IndicesOf(line), TensorValues.ToArray(positions).Elements);
            CheckGather(line, scores, dimension!.Value);
        }
    }

    [Fact]
    public void Compute_Ties_GivesTheFirst() => Assert.Equal([1L, 0L], Positions(ElementType.F32, [2, 3], -1, 1, 5, 5, 7, 7, 7));

    [Fact]
    public void Compute_NaN_IsTheMaximumAndTheFirstOneWins() =>
        Assert.Equal([1L, 0L, 2L], Positions(ElementType.F64, [3, 3], 1, double.PositiveInfinity, double.NaN, double.NaN, double.NaN, 9, 1, 0, 1, double.NaN));

    [Theory]
    [InlineData(ElementType.F32)]
    [InlineData(ElementType.F16)]
    [InlineData(ElementType.BF16)]
    [InlineData(ElementType.F64)]
    [InlineData(ElementType.I64)]
    [InlineData(ElementType.I32)]
    [InlineData(ElementType.I16)]
    [InlineData(ElementType.I8)]
    [InlineData(ElementType.U8)]
    public void Compute_EveryType_FindsTheLargest(ElementType type)
    {
        Assert.Equal([2L, 0L], Positions(type, [2, 3], 1, 3, 1, 100, 127, 5, 0));
        Assert.Equal([1L, 0L, 0L], Positions(type, [2, 3], 0, 3, 5, 100, 127, 5, 0));
        Assert.Equal([3L], Positions(type, [2, 3], null, 3, 1, 100, 127, 5, 0));
    }

    [Fact]
    public void Compute_IntegersBeyondTheDoubles_AreComparedExactly()
    {
        var scores = Tensor.Of(TensorShape.Of(3), (1L << 53) + 1, (1L << 53) + 2, (1L << 53) + 1);

        Assert.Equal([1L], TensorValues.ToArray(Argmax.Compute("s", scores, null)).Elements);
        Assert.Equal([2L], TensorValues.ToArray(Argmax.Compute("s", Tensor.Of(TensorShape.Of(3), long.MinValue, long.MinValue, long.MinValue + 1), 0)).Elements);
    }

    [Fact]
    public void Compute_RandomTensors_AgreesWithTheReference()
    {
        var random = new Random(TestSeed.Current);
        for (int i = 0; i < 500; i++)
        {
            long[] sizes = [.. Enumerable.Range(0, random.Next(5)).Select(_ => (long)random.Next(1, 5))];
            var shape = TensorShape.Of(sizes);
            Tensor scores = TensorValues.Of(ElementType.BF16, shape, [.. Enumerable.Range(0, (int)shape.ElementCount).Select(_ => random.Next(9) == 0 ? double.NaN : random.Next(-3, 4))]);
            long? dimension = random.Next(3) == 0 ? null : random.Next(-Math.Max(sizes.Length, 1), Math.Max(sizes.Length, 1));

            ReferenceArray expected = ReferenceArgmax.Of(scores, dimension);
            ReferenceArray actual = TensorValues.ToArray(Argmax.Compute("s", scores, dimension));

            Assert.True(expected.Shape.SequenceEqual(actual.Shape) && expected.Elements.SequenceEqual(actual.Elements), $"case {i}: {shape}, {dimension} ({TestSeed.Hint})");
        }
    }

    [Theory]
    [InlineData(2, -2, 2)]
    [InlineData(2, 2, 2)]
    [InlineData(2, -3, 2)]
    [InlineData(0, 1, 1)]
    [InlineData(0, -2, 1)]
    [InlineData(2, long.MinValue, 2)]
    [InlineData(2, long.MaxValue, 2)]
    public void Compute_DimensionThatIsNotThere_IsRefusedWithItsRange(int rank, long dimension, int size)
    {
        var scores = Tensor.Of(TensorShape.Of(Enumerable.Repeat(1L, rank).ToArray()), 1L);
        if (dimension >= -size && dimension < size)
        {
            Argmax.Compute("s", scores, dimension);
            return;
        }

        var error = Assert.Throws<EmbedStoreException>(() => Argmax.Compute("s", scores, dimension));

        Assert.Equal((ErrorCode.IndexOutOfRange, "s", dimension, size), (error.Code, error["tensor"], (long)error["index"]!, (int)error["size"]!));
    }

    [Theory]
    [InlineData(new long[] { 0 }, null)]
    [InlineData(new long[] { 3, 0 }, null)]
    [InlineData(new long[] { 0 }, 0L)]
    [InlineData(new long[] { 3, 0 }, 1L)]
    [InlineData(new long[] { 0, 1L << 40 }, 0L)]
    public void Compute_NothingToChooseFrom_IsRefused(long[] sizes, long? dimension)
    {
        var scores = new Tensor(ElementType.F32, TensorShape.Of(sizes), default);

        Assert.Equal(ErrorCode.ShapeMismatch, Assert.Throws<EmbedStoreException>(() => Argmax.Compute("s", scores, dimension)).Code);
    }

    [Theory]
    [InlineData(new long[] { 0, 3 }, 1L)]
    [InlineData(new long[] { 0, 0 }, 1L)]
    [InlineData(new long[] { 0, 1L << 40 }, 1L)]
    [InlineData(new long[] { 0, 2, 1L << 40 }, 1L)]
    public void Compute_NoResultToFind_IsEmpty(long[] sizes, long dimension)
    {
        var scores = new Tensor(ElementType.F32, TensorShape.Of(sizes), default);

        Assert.Equal(0, Argmax.Compute("s", scores, dimension).Shape.ElementCount);
    }

    [Fact]
    public void Compute_Flags_AreRefused()
    {
        var error = Assert.Throws<EmbedStoreException>(() => Argmax.Compute("s", TensorValues.Of(ElementType.Bool, TensorShape.Of(2), 0, 1), null));

        Assert.Equal((ErrorCode.UnsupportedDtype, "s"), (error.Code, error["tensor"]));
    }

    internal static (Tensor Scores, long? Dimension) ScoresOf(JsonElement line)
    {
        JsonElement scores = line.GetProperty("scores");
        double[] values = [.. scores.GetProperty("data").EnumerateArray().Select(static number => number.GetDouble())];
        JsonElement dimension = line.GetProperty("dim");
        return (TensorValues.Of(ElementType.F32, GoldenCases.ShapeOf(scores.GetProperty("shape")), values), dimension.ValueKind == JsonValueKind.Null ? null : dimension.GetInt64());
    }

    internal static long[] IndicesOf(JsonElement line)
    {
        JsonElement indices = line.GetProperty("indices");
        return [.. (indices.ValueKind == JsonValueKind.Object ? indices.GetProperty("data") : indices).EnumerateArray().Select(static number => number.GetInt64())];
    }

    /// <summary>The best channel of each pixel, picked out of a feature map: <c>t[b, argmax(s, 1), h, w]</c>.</summary>
    private static void CheckGather(JsonElement line, Tensor scores, long dimension)
    {
        TensorShape shape = GoldenCases.ShapeOf(line.GetProperty("feature_map").GetProperty("shape"));
        static Tensor Count(TensorShape shape) => Tensor.Of(shape, [.. Enumerable.Range(0, (int)shape.ElementCount).Select(static i => (long)i)]);
        var tensors = new Dictionary<string, Tensor>
        {
            ["s"] = scores,
            ["b"] = Count(TensorShape.Of(shape[0], 1, 1)),
            ["h"] = Count(TensorShape.Of(shape[2], 1)),
            ["w"] = Count(TensorShape.Of(shape[3])),
        };

        SubscriptPlan plan = SubscriptResolver.Resolve(
            SubscriptParser.Parse(FormattableString.Invariant($"[b, argmax(s, {dimension}), h, w]")), new TableShape(shape), tensors, Dialect.PyTorch, PlanLimits.None);

        double[] map = [.. line.GetProperty("feature_map").GetProperty("data").EnumerateArray().Select(static number => number.GetDouble())];
        Assert.Equal(GoldenCases.ShapeOf(line.GetProperty("result_shape")), plan.ResultShape);
        Assert.Equal(line.GetProperty("result").EnumerateArray().Select(static number => number.GetDouble()), plan.Positions().Select(position => map[position]));
    }

    private static long[] Positions(ElementType type, long[] shape, long? dimension, params double[] values) =>
        TensorValues.ToArray(Argmax.Compute("s", TensorValues.Of(type, TensorShape.Of(shape), values), dimension)).Elements;
}
