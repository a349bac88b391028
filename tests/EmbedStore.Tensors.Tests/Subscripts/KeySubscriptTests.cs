namespace EmbedStore.Tensors.Tests;

/// <summary>Subscripts on tables whose rows have strings as keys.</summary>
public class KeySubscriptTests
{
    private static readonly TableShape Words = TableShape.Open(3, hasKeys: true);

    [Theory]
    [InlineData("[k]", "[2, 2, 3]", "a b c a")]
    [InlineData("[k, 1]", "[2, 2]", "a b c a")]
    [InlineData("[k, 0:2]", "[2, 2, 2]", "a b c a")]
    [InlineData("[k, ...]", "[2, 2, 3]", "a b c a")]
    [InlineData("[k, None]", "[2, 2, 1, 3]", "a b c a")]
    [InlineData("[k, cols]", "[2, 2]", "a b c a")]
    [InlineData("[one]", "[3]", "z")]
    [InlineData("[one, ::2]", "[2]", "z")]
    [InlineData("[row, column]", "[2, 2]", "a a b b")]
    [InlineData("[none]", "[0, 3]", "")]
    public void Resolve_StringsAsIds_GivesTheKeyOfEachEntry(string text, string shape, string keys)
    {
        SubscriptPlan plan = Resolve(text);

        Assert.Equal((shape, keys), (plan.ResultShape.ToString(), string.Join(' ', Enumerable.Range(0, plan.EntryKeys()!.Count).Select(plan.EntryKeys()!.TextOf))));
    }

    [Theory]
    [InlineData("[0]", ErrorCode.UnsupportedDtype, null)]
    [InlineData("[ints]", ErrorCode.UnsupportedDtype, "ints")]
    [InlineData("[floats]", ErrorCode.UnsupportedDtype, "floats")]
    [InlineData("[argmax(floats)]", ErrorCode.UnsupportedDtype, "floats")]
    [InlineData("[argmax(k)]", ErrorCode.UnsupportedDtype, "k")]
    [InlineData("[k, k]", ErrorCode.UnsupportedDtype, "k")]
    [InlineData("[None, k]", ErrorCode.UnsupportedDtype, "k")]
    [InlineData("[:, k]", ErrorCode.UnsupportedDtype, "k")]
    [InlineData("[:]", ErrorCode.OpenDimension, null)]
    [InlineData("[...]", ErrorCode.OpenDimension, null)]
    [InlineData("[mask]", ErrorCode.OpenDimension, null)]
    [InlineData("[None]", ErrorCode.OpenDimension, null)]
    [InlineData("[k, 3]", ErrorCode.IndexOutOfRange, null)]
    [InlineData("[k, 0, 0]", ErrorCode.TooManyIndices, null)]
    public void Resolve_AnythingElseAsIds_IsRefused(string text, ErrorCode code, string? tensor)
    {
        var error = Assert.Throws<EmbedStoreException>(() => Resolve(text));

        Assert.Equal((code, tensor), (error.Code, error["tensor"]));
    }

    [Fact]
    public void Resolve_StringThatIsNoKey_IsRefusedAtTheLowestPosition()
    {
        var keys = new Dictionary<string, Tensor> { ["bad"] = Tensor.Of(TensorShape.Of(2, 2), RowKeys.Of("a", "b", "", "c\0")) };

        var error = Assert.Throws<EmbedStoreException>(() => SubscriptResolver.Resolve(SubscriptParser.Parse("[bad]"), Words, keys, Dialect.PyTorch, PlanLimits.None));
        SubscriptResolver.Resolve(SubscriptParser.Parse("[bad, 0:0]"), Words, keys, Dialect.PyTorch, PlanLimits.None);

        Assert.Equal((ErrorCode.IndexOutOfRange, "bad", ""), (error.Code, error["tensor"], error["index"]));
        Assert.Equal([1L, 0], (long[])error["position"]!);
    }

    [Theory]
    [InlineData("[k]")]
    [InlineData("[0, k]")]
    public void Resolve_StringsOnATableOfIntegers_AreRefused(string text)
    {
        foreach (TableShape table in (TableShape[])[TableShape.Open(3), new TableShape(TensorShape.Of(4, 3))])
        {
            var keys = new Dictionary<string, Tensor> { ["k"] = Tensor.Of(TensorShape.Of(1), RowKeys.Of("a")) };
            var error = Assert.Throws<EmbedStoreException>(() => SubscriptResolver.Resolve(SubscriptParser.Parse(text), table, keys, Dialect.PyTorch, PlanLimits.None));
            Assert.Equal((ErrorCode.UnsupportedDtype, "k"), (error.Code, error["tensor"]));
        }
    }

    private static SubscriptPlan Resolve(string text)
    {
        var tensors = new Dictionary<string, Tensor>
        {
            ["k"] = Tensor.Of(TensorShape.Of(2, 2), RowKeys.Of("a", "b", "c", "a")),
            ["one"] = Tensor.Of(TensorShape.Scalar, RowKeys.Of("z")),
            ["none"] = Tensor.Of(TensorShape.Of(0), RowKeys.Empty),
            ["row"] = Tensor.Of(TensorShape.Of(2, 1), RowKeys.Of("a", "b")),
            ["column"] = Tensor.Of(TensorShape.Of(2), 2L, 0),
            ["cols"] = Tensor.Of(TensorShape.Of(2, 2), 0L, 1, 2, -1),
            ["ints"] = Tensor.Of(TensorShape.Of(2), 0L, 1),
            ["floats"] = Tensor.Of(TensorShape.Of(2), 0f, 1),
            ["mask"] = Tensor.From<byte>(ElementType.Bool, TensorShape.Of(2), [1, 0]),
        };
        Subscript subscript = SubscriptParser.Parse(text);
        var named = tensors.Where(tensor => System.Text.RegularExpressions.Regex.IsMatch(text, $@"\b{tensor.Key}\b")).ToDictionary();
        return SubscriptResolver.Resolve(subscript, Words, named, Dialect.PyTorch, PlanLimits.None);
    }
}
