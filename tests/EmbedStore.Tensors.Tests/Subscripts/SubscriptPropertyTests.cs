using EmbedStore.Testing;

namespace EmbedStore.Tensors.Tests.Subscripts;

/// <summary>Random subscripts of random tables, against <see cref="ReferenceSubscript"/>.</summary>
public class SubscriptPropertyTests
{
    private const int CaseCount = 20_000;

    private static readonly ErrorCode[] Refusals =
        [ErrorCode.MalformedSubscript, ErrorCode.TooManyIndices, ErrorCode.ShapeMismatch, ErrorCode.MaskMismatch, ErrorCode.IndexOutOfRange];

    [Fact]
    public void Resolve_RandomSubscripts_AgreesWithTheReference()
    {
        int refused = 0;
        var random = new Random(TestSeed.Current);
        var subscripts = new RandomSubscripts(random);
        for (int i = 0; i < CaseCount; i++)
        {
            var shape = TensorShape.Of(subscripts.NextShape());
            Dialect dialect = random.Next(2) == 0 ? Dialect.PyTorch : Dialect.NumPy;
            (string text, IReadOnlyDictionary<string, Tensor> tensors) = subscripts.Next(shape, dialect);
            string? problem = Check(text, shape, tensors, dialect, ref refused);
            Assert.True(problem is null, $"case {i}, {dialect} {text} of {shape} with {Describe(tensors)}: {problem} ({TestSeed.Hint})");
        }

        // A generator that is mostly wrong, or never, tests little.
        Assert.InRange(refused, CaseCount / 50, CaseCount / 2);
    }

    private static string Describe(IReadOnlyDictionary<string, Tensor> tensors) =>
        string.Join("; ", tensors.Select(static pair => $"{pair.Key} {pair.Value.Type} {pair.Value.Shape} {string.Join(",", TensorValues.ToDoubles(pair.Value))}"));

    private static string? Check(string text, TensorShape shape, IReadOnlyDictionary<string, Tensor> tensors, Dialect dialect, ref int refused)
    {
        Subscript subscript = SubscriptParser.Parse(text);
        ReferenceArray? expected = null;
        try
        {
            expected = ReferenceSubscript.Select(subscript, shape, tensors, dialect);
        }
        catch (ReferenceException)
        {
            refused++;
        }

        try
        {
            SubscriptPlan plan = SubscriptResolver.Resolve(subscript, new TableShape(shape), tensors, dialect, PlanLimits.None);
            return expected is null ? $"selects {plan.ResultShape}, which the reference refuses" : CheckPlan(plan, expected);
        }
        catch (EmbedStoreException e)
        {
            return expected is not null ? e.Message : CheckRefusal(e, shape, tensors);
        }
    }

    private static string? CheckPlan(SubscriptPlan plan, ReferenceArray expected)
    {
        if (!plan.ResultShape.SequenceEqual(expected.Shape.Select(static size => (long)size)))
        {
            return $"shape {plan.ResultShape}, expected [{string.Join(", ", expected.Shape)}]";
        }

        ReadOnlySpan<long> rowIds = plan.RowIds().Span;
        ReadOnlySpan<int> columns = plan.ElementColumns().Span;
        var fromEntries = new List<long>();
        for (int entry = 0; entry < rowIds.Length; entry++)
        {
            ColumnRange range = plan.ByElement ? new ColumnRange(columns[entry], 1, 1) : plan.Columns;
            for (int i = 0; i < range.Count; i++)
            {
                fromEntries.Add((rowIds[entry] * plan.Table.RowWidth) + range.Start + (i * range.Step));
            }
        }

        bool entriesFit = plan.EntryCount == rowIds.Length
            && columns.Length == (plan.ByElement ? rowIds.Length : 0)
            && (plan.ResultShape.ElementCount == 0 ? plan.EntryCount == 0 : plan.EntryShape.ElementCount == plan.EntryCount);
        return !plan.Positions().SequenceEqual(expected.Elements) ? $"positions [{string.Join(",", plan.Positions())}], expected [{string.Join(",", expected.Elements)}]"
            : !fromEntries.SequenceEqual(expected.Elements) ? "row ids and columns are not the positions"
            : entriesFit ? null : $"{plan.EntryCount} entries of shape {plan.EntryShape}";
    }

    /// <summary>The facts of a refusal must be true of what was sent.</summary>
    private static string? CheckRefusal(EmbedStoreException error, TensorShape shape, IReadOnlyDictionary<string, Tensor> tensors)
    {
        if (!Refusals.Contains(error.Code))
        {
            return $"refused with {error.Code}: {error.Message}";
        }

        if (error.Code != ErrorCode.IndexOutOfRange || error["tensor"] is not string name || !tensors[name].Type.IsInteger())
        {
            return error.Code == ErrorCode.MalformedSubscript || error["expected"] is not null || error["index"] is not null ? null : $"no facts: {error.Message}";
        }

        ReferenceArray sent = TensorValues.ToArray(tensors[name]);

        // In PyTorch's dialect a slice may land on the axis of an index tensor that follows a mask, and make it shorter.
        long size = (long)error["size"]!;
        int[] position = [.. ((long[])error["position"]!).Select(static coordinate => (int)coordinate)];
        int[][] bad = [.. ReferenceArray.Coordinates(sent.Shape).Where(c => sent.At(c) < -size || sent.At(c) >= size)];
        return size <= shape[(int)error["dimension"]!] && bad[0].SequenceEqual(position) && sent.At(position) == (long)error["index"]! ? null : $"wrong facts: {error.Message}";
    }
}
