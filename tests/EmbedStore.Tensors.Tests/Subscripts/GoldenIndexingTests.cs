using System.Text.Json;
using EmbedStore.Testing;

namespace EmbedStore.Tensors.Tests.Subscripts;

/// <summary>The 2,500 cases of PyTorch and NumPy, on a plain array: what each subscript selects, assigns and refuses.</summary>
public class GoldenIndexingTests
{
    private static readonly ErrorCode[] IndexErrors =
        [ErrorCode.IndexOutOfRange, ErrorCode.TooManyIndices, ErrorCode.MaskMismatch, ErrorCode.ShapeMismatch];

    [Fact]
    public void Resolve_EveryGoldenCase_SelectsWhatTheLibrarySelected()
    {
        Assert.Equal(2500, GoldenCases.Indexing.Count);
        var failures = GoldenCases.Indexing.Select(Check).OfType<string>().ToList();
        Assert.True(failures.Count == 0, $"{failures.Count} cases fail, the first:\n{string.Join("\n", failures.Take(5))}");
    }

    private static string? Check(JsonElement line, int number)
    {
        string? problem;
        try
        {
            problem = line.GetProperty("op").GetString() == "get" ? CheckGet(line) : CheckPut(line);
        }
        catch (EmbedStoreException e)
        {
            problem = line.TryGetProperty("error", out _) && IndexErrors.Contains(e.Code) ? null : e.Message;
        }

        return problem is null ? null : $"line {number + 1}: {line.GetProperty("index")} of {line.GetProperty("shape")}: {problem}";
    }

    private static string? CheckGet(JsonElement line)
    {
        SubscriptPlan plan = Resolve(line);
        if (line.TryGetProperty("error", out JsonElement error))
        {
            return $"expected {error}";
        }

        TensorShape expected = GoldenCases.ShapeOf(line.GetProperty("result_shape"));
        return !plan.ResultShape.Equals(expected) ? $"shape {plan.ResultShape}, expected {expected}"
            : !plan.Positions().SequenceEqual(Numbers(line, "result")) ? $"positions [{string.Join(",", plan.Positions())}]"
            : null;
    }

    private static string? CheckPut(JsonElement line)
    {
        SubscriptPlan plan = Resolve(line);
        JsonElement values = line.GetProperty("values");
        var tensor = Tensor.Of(GoldenCases.ShapeOf(values.GetProperty("shape")), Numbers(values, "data"));
        Tensor expanded = Broadcasting.Expand(tensor, plan.ResultShape, dropLeadingOnes: !line.GetProperty("accumulate").GetBoolean());
        if (line.TryGetProperty("error", out JsonElement error))
        {
            return $"expected {error}";
        }

        long[] array = Enumerable.Range(0, (int)GoldenCases.ShapeOf(line.GetProperty("shape")).ElementCount).Select(i => (long)i).ToArray();
        long[] positions = plan.Positions();
        for (int i = 0; i < positions.Length; i++)
        {
            long value = BitConverter.ToInt64(expanded.Data.Span[(i * 8)..]);
            array[positions[i]] = line.GetProperty("accumulate").GetBoolean() ? array[positions[i]] + value : value;
        }

        return array.SequenceEqual(Numbers(line, "result")) ? null : "another array";
    }

    private static SubscriptPlan Resolve(JsonElement line) => SubscriptResolver.Resolve(
        SubscriptParser.Parse(line.GetProperty("index").GetString()),
        new TableShape(GoldenCases.ShapeOf(line.GetProperty("shape"))),
        GoldenCases.TensorsOf(line),
        GoldenCases.DialectOf(line),
        PlanLimits.None);

    private static long[] Numbers(JsonElement line, string name) => line.GetProperty(name).EnumerateArray().Select(number => number.GetInt64()).ToArray();
}
