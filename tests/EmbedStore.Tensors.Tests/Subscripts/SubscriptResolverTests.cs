using EmbedStore.Testing;

namespace EmbedStore.Tensors.Tests.Subscripts;

/// <summary>What random subscripts of small tables do not reach: open vocabularies, limits, the order of refusals.</summary>
public class SubscriptResolverTests
{
    private static readonly TableShape Table = new(TensorShape.Of(10, 4));

    [Fact]
    public void Resolve_OpenVocabulary_TakesIdsAsTheyAre()
    {
        SubscriptPlan plan = Resolve("[ids]", TableShape.Open(4), ("ids", Tensor.Of(TensorShape.Of(2, 2), long.MinValue, -1, 0, long.MaxValue)));

        Assert.Equal(TensorShape.Of(2, 2, 4), plan.ResultShape);
        Assert.Equal([long.MinValue, -1, 0, long.MaxValue], plan.RowIds().ToArray());
    }

    [Fact]
    public void Resolve_OpenVocabularyAndColumns_IndexesBoth()
    {
        SubscriptPlan one = Resolve("[-7, 1:3]", TableShape.Open(4));
        SubscriptPlan pairs = Resolve("[ids, c]", TableShape.Open(4), ("ids", Tensor.Of(TensorShape.Of(2), -5L, 1L << 40)), ("c", Tensor.Of(TensorShape.Of(2), -1L, 0)));

        Assert.Equal([-7L], one.RowIds().ToArray());
        Assert.Equal(new ColumnRange(1, 2, 1), one.Columns);
        Assert.Equal([-5L, 1L << 40], pairs.RowIds().ToArray());
        Assert.Equal([3, 0], pairs.ElementColumns().ToArray());
    }

    [Fact]
    public void Resolve_OpenVocabularyOfScalars_HasNoColumns() =>
        Assert.Equal(TensorShape.Scalar, Resolve("[12345678901]", TableShape.Open(null)).ResultShape);

    [Theory]
    [InlineData("[:]")]
    [InlineData("[1:2]")]
    [InlineData("[...]")]
    [InlineData("[None, 1]")]
    [InlineData("[True]")]
    [InlineData("[m]")]
    public void Resolve_OpenVocabularyCounted_IsRefused(string text)
    {
        (string, Tensor)[] tensors = text == "[m]" ? [("m", TensorValues.Of(ElementType.Bool, TensorShape.Of(2), 1, 0))] : [];

        Assert.Equal(ErrorCode.OpenDimension, Refusal(() => Resolve(text, TableShape.Open(4), tensors)).Code);
    }

    [Fact]
    public void Positions_OpenVocabulary_AreRefused() =>
        Assert.Equal(ErrorCode.OpenDimension, Refusal(() => Resolve("[1]", TableShape.Open(4)).Positions()).Code);

    [Fact]
    public void Resolve_BroadcastBeyondTheLimit_IsRefusedBeforeItIsAllocated()
    {
        const int Side = 4 << 20;
        var tensors = new Dictionary<string, Tensor>
        {
            ["a"] = new(ElementType.U8, TensorShape.Of(Side, 1), new byte[Side]),
            ["b"] = new(ElementType.U8, TensorShape.Of(1, Side), new byte[Side]),
        };
        long before = GC.GetAllocatedBytesForCurrentThread();

        EmbedStoreException error = Refusal(() => SubscriptResolver.Resolve(SubscriptParser.Parse("[a, b]"), Table, tensors, Dialect.PyTorch, new PlanLimits(1 << 22)));

        Assert.Equal((ErrorCode.ResultTooLarge, 1L << 22, (long)Side * Side), (error.Code, (long)error["limit"]!, (long)error["size"]!));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 3L * Side * sizeof(long));
    }

    [Fact]
    public void Resolve_BroadcastBeyond64Bits_IsTooLarge()
    {
        const int Side = 1 << 21;
        Tensor Along(params long[] shape) => new(ElementType.U8, TensorShape.Of(shape), new byte[Side]);

        EmbedStoreException error = Refusal(() => Resolve(
            "[a, b, c]", new TableShape(TensorShape.Of(2, 2, 2)), ("a", Along(Side, 1, 1)), ("b", Along(1, Side, 1)), ("c", Along(1, 1, Side))));

        Assert.Equal(ErrorCode.ResultTooLarge, error.Code);
    }

    [Fact]
    public void Resolve_MaskOfMoreThanTheLimit_IsRefusedBeforeItsCoordinatesAreMade()
    {
        const int Count = 1 << 22;
        byte[] flags = new byte[Count];
        Array.Fill(flags, (byte)1);
        var tensors = new Dictionary<string, Tensor> { ["m"] = new(ElementType.Bool, TensorShape.Of(Count / 4, 4), flags) };
        var table = new TableShape(TensorShape.Of(Count / 4, 4));
        long before = GC.GetAllocatedBytesForCurrentThread();

        EmbedStoreException error = Refusal(() => SubscriptResolver.Resolve(SubscriptParser.Parse("[m]"), table, tensors, Dialect.PyTorch, new PlanLimits(1000)));

        Assert.Equal((ErrorCode.ResultTooLarge, 1000L, (long)Count), (error.Code, (long)error["limit"]!, (long)error["size"]!));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, Count / 4);
    }

    [Fact]
    public void Resolve_ResultBeyond64Bits_IsTooLarge()
    {
        var table = new TableShape(TensorShape.Of(1L << 40, 1 << 20));
        Tensor ids = new(ElementType.U8, TensorShape.Of(16), new byte[16]);

        // 2^40 × 16 × ... stays within 64 bits; a second block dimension does not.
        Assert.Equal(ErrorCode.ResultTooLarge, Refusal(() => Resolve("[:, None, :, a]", new TableShape(TensorShape.Of(1L << 40, 1L << 20, 2)), ("a", ids))).Code);
        Assert.Equal(1L << 60, Resolve("[:]", table).ResultShape.ElementCount);
    }

    [Fact]
    public void Resolve_MoreDimensionsThanATensorHas_IsRefused()
    {
        EmbedStoreException error = Refusal(() => Resolve("[" + string.Join(",", Enumerable.Repeat("None", 7)) + "]", Table));

        Assert.Equal((ErrorCode.TooManyIndices, 8, 9), (error.Code, (int)error["expected"]!, (int)error["actual"]!));
    }

    /// <summary>Of several mistakes the first in the order of API section 5 is reported.</summary>
    [Theory]
    [InlineData("[::-1, gone]", ErrorCode.MalformedSubscript)]
    [InlineData("[gone, f, 0]", ErrorCode.UnknownTensor)]
    [InlineData("[gone, f, far, extra]", ErrorCode.MissingTensor)]
    [InlineData("[argmax(none), f, far, extra]", ErrorCode.UnsupportedDtype)]
    [InlineData("[far, far, far, far, extra, f]", ErrorCode.UnsupportedDtype)]
    public void Resolve_SeveralMistakes_ReportsTheFirstInOrder(string text, ErrorCode code)
    {
        Tensor indices = Tensor.Of(TensorShape.Of(1), 99L);
        var tensors = new Dictionary<string, Tensor> { ["far"] = indices, ["extra"] = indices, ["f"] = Tensor.Of(TensorShape.Of(1), 1f) };
        if (text.Contains("none", StringComparison.Ordinal))
        {
            tensors["none"] = new Tensor(ElementType.F32, TensorShape.Of(0), default);
        }

        Assert.Equal(code, Refusal(() => SubscriptResolver.Resolve(SubscriptParser.Parse(text), Table, tensors, Dialect.PyTorch, PlanLimits.None)).Code);
    }

    [Fact]
    public void Resolve_SeveralBadIndices_ReportsTheLowestPosition()
    {
        EmbedStoreException error = Refusal(() => Resolve("[ids, 1:2]", Table, ("ids", Tensor.Of(TensorShape.Of(2, 2), 0L, -10, -11, 10))));

        Assert.Equal((ErrorCode.IndexOutOfRange, "ids", 0, -11L, 10L), (error.Code, error["tensor"], (int)error["dimension"]!, (long)error["index"]!, (long)error["size"]!));
        Assert.Equal([1L, 0L], (long[])error["position"]!);
        Assert.Equal("Index -11 at position [1, 0] of tensor 'ids' is outside dimension 0 of size 10.", error.Message);
    }

    [Theory]
    [InlineData("[::9223372036854775807]", 0, 1)]
    [InlineData("[9223372036854775807:]", 0, 0)]
    [InlineData("[-9223372036854775808:9223372036854775807:3]", 0, 4)]
    public void Resolve_ExtremeBounds_AreClamped(string text, long first, long count)
    {
        SubscriptPlan plan = Resolve(text, Table);

        Assert.Equal(count, plan.ResultShape[0]);
        Assert.Equal(count == 0 ? [] : [first], plan.RowIds().ToArray()[..(int)Math.Min(count, 1)]);
    }

    [Fact]
    public void Resolve_ExtremeStepsBackwards_AreClamped()
    {
        SubscriptPlan plan = SubscriptResolver.Resolve(SubscriptParser.Parse("[::-9223372036854775808]"), Table, new Dictionary<string, Tensor>(), Dialect.NumPy, PlanLimits.None);

        Assert.Equal([9L], plan.RowIds().ToArray());
    }

    [Fact]
    public void Locate_TableShapes_NumberRowsRowMajor()
    {
        var cube = new TableShape(TensorShape.Of(2, 3, 4));
        var vector = new TableShape(TensorShape.Of(7));

        Assert.Equal((6, 4, true), (cube.RowCount, cube.RowWidth, cube.HasColumns));
        Assert.Equal([3L, 1L], cube.RowStrides);
        Assert.Equal((7, 1, false), (vector.RowCount, vector.RowWidth, vector.HasColumns));
        Assert.Equal([1L], vector.RowStrides);
        Assert.Equal(("[*, 64]", "[*]", "[2, 3, 4]"), (TableShape.Open(64).ToString(), TableShape.Open(null).ToString(), cube.ToString()));
        Assert.Equal((true, 0L, 64L), (TableShape.Open(64).IsOpen, TableShape.Open(64).RowCount, TableShape.Open(64).RowWidth));
        Assert.Throws<ArgumentException>(() => new TableShape(TensorShape.Scalar));
    }

    private static SubscriptPlan Resolve(string text, TableShape table, params (string Name, Tensor Tensor)[] tensors) => SubscriptResolver.Resolve(
        SubscriptParser.Parse(text), table, tensors.ToDictionary(static pair => pair.Name, static pair => pair.Tensor), Dialect.PyTorch, PlanLimits.None);

    private static EmbedStoreException Refusal(Func<object> action) => Assert.Throws<EmbedStoreException>(action);
}
