namespace EmbedStore.Tensors.Tests.Subscripts;

public class SubscriptParserTests
{
    public static TheoryData<string, SubscriptItem[]> WellFormed => new()
    {
        { "[3]", [new IntegerItem(1, 3)] },
        { "[ 3 , -1,\t+2\n]", [new IntegerItem(2, 3), new IntegerItem(6, -1), new IntegerItem(10, 2)] },
        { "  [3,]  ", [new IntegerItem(3, 3)] },
        { "[- 1]", [new IntegerItem(1, -1)] },
        { "[1_000, 0]", [new IntegerItem(1, 1000), new IntegerItem(8, 0)] },
        { "[9223372036854775807, -9223372036854775808]", [new IntegerItem(1, long.MaxValue), new IntegerItem(22, long.MinValue)] },
        { "[:]", [new SliceItem(1, null, null, null)] },
        { "[::]", [new SliceItem(1, null, null, null)] },
        { "[1:]", [new SliceItem(1, 1, null, null)] },
        { "[:2]", [new SliceItem(1, null, 2, null)] },
        { "[::-3]", [new SliceItem(1, null, null, -3)] },
        { "[ -5 : +6 : 2 ]", [new SliceItem(2, -5, 6, 2)] },
        { "[-99999999999999999999:99999999999999999999:99999999999999999999]", [new SliceItem(1, long.MinValue, long.MaxValue, long.MaxValue)] },
        { "[...]", [new EllipsisItem(1)] },
        { "[None, True, False]", [new NewAxisItem(1), new BooleanItem(7, true), new BooleanItem(13, false)] },
        { "[ids]", [new TensorItem(1, "ids")] },
        { "[None1, none, _t, T_9]", [new TensorItem(1, "None1"), new TensorItem(8, "none"), new TensorItem(14, "_t"), new TensorItem(18, "T_9")] },
        { "[argmax]", [new TensorItem(1, "argmax")] },
        { "[argmax(s)]", [new ArgmaxItem(1, "s", null)] },
        { "[ argmax ( s , -1 ) ]", [new ArgmaxItem(2, "s", -1)] },
        { "[argmax(argmax, 0), argmax2]", [new ArgmaxItem(1, "argmax", 0), new TensorItem(20, "argmax2")] },
    };

    [Theory]
    [MemberData(nameof(WellFormed))]
    public void Parse_WellFormed_GivesItemsWithTheirColumns(string text, SubscriptItem[] items) =>
        Assert.Equal(items, SubscriptParser.Parse(text).Items);

    [Theory]
    [InlineData("", 0)]
    [InlineData("   ", 3)]
    [InlineData("3", 0)]
    [InlineData("[", 1)]
    [InlineData("[]", 1)]
    [InlineData("[,]", 1)]
    [InlineData("[1", 2)]
    [InlineData("[1,", 3)]
    [InlineData("[1,,2]", 3)]
    [InlineData("[1 2]", 3)]
    [InlineData("[1]]", 3)]
    [InlineData("[1] x", 4)]
    [InlineData("[1\0]", 2)]
    [InlineData("[-]", 2)]
    [InlineData("[--1]", 2)]
    [InlineData("[1__0]", 2)]
    [InlineData("[1_]", 2)]
    [InlineData("[1.5]", 2)]
    [InlineData("[1e3]", 2)]
    [InlineData("[0x10]", 2)]
    [InlineData("[١]", 1)]
    [InlineData("['a']", 1)]
    [InlineData("[(1)]", 1)]
    [InlineData("[[1]]", 1)]
    [InlineData("[.]", 1)]
    [InlineData("[..]", 1)]
    [InlineData("[....]", 4)]
    [InlineData("[..., ...]", 6)]
    [InlineData("[::0]", 1)]
    [InlineData("[1:2:-0]", 1)]
    [InlineData("[1:2:3:4]", 6)]
    [InlineData("[ids:2]", 4)]
    [InlineData("[1:ids]", 3)]
    [InlineData("[ids()]", 4)]
    [InlineData("[9223372036854775808]", 1)]
    [InlineData("[0, -9223372036854775809]", 4)]
    [InlineData("[argmax()]", 8)]
    [InlineData("[argmax(1)]", 8)]
    [InlineData("[argmax(s,)]", 10)]
    [InlineData("[argmax(s, 1.0)]", 12)]
    [InlineData("[argmax(s, 1, 2)]", 12)]
    [InlineData("[argmax(s, None)]", 11)]
    [InlineData("[argmax(s, 9223372036854775808)]", 11)]
    [InlineData("[argmax(s]", 9)]
    [InlineData("[argmax(None)]", 8)]
    [InlineData("[argmax(s, True)]", 11)]
    [InlineData("[t-1]", 2)]
    [InlineData("[ü]", 1)]
    public void Parse_Malformed_SaysAtWhichColumn(string text, int column)
    {
        var error = Assert.Throws<EmbedStoreException>(() => SubscriptParser.Parse(text));

        Assert.Equal((ErrorCode.MalformedSubscript, column), (error.Code, (int)error["column"]!));
        Assert.EndsWith($"(column {column})", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_AsLongAsAllowed_IsRead()
    {
        string text = "[" + new string(' ', SubscriptParser.LengthMax - 3) + "0]";

        Assert.Single(SubscriptParser.Parse(text).Items);
        Assert.Equal(ErrorCode.MalformedSubscript, Assert.Throws<EmbedStoreException>(() => SubscriptParser.Parse(text + " ")).Code);
    }

    [Fact]
    public void Parse_AsManyItemsAsAllowed_AreRead()
    {
        string text = string.Join(",", Enumerable.Repeat("0", SubscriptParser.ItemCountMax));

        Assert.Equal(SubscriptParser.ItemCountMax, SubscriptParser.Parse($"[{text},]").Items.Count);
        Assert.Equal(text.Length + 2, Assert.Throws<EmbedStoreException>(() => SubscriptParser.Parse($"[{text},0]"))["column"]);
    }
}
