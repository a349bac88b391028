using System.Text.Json;
using EmbedStore.Testing;

namespace EmbedStore.Tensors.Tests.Subscripts;

/// <summary>The reference that other tests believe is believed because it agrees with the libraries themselves.</summary>
public class ReferenceSubscriptTests
{
    [Fact]
    public void Select_EveryGoldenCase_SelectsAndWritesWhatTheLibraryDid()
    {
        var failures = GoldenCases.Indexing.Select(Check).OfType<string>().ToList();

        Assert.True(failures.Count == 0, $"{failures.Count} cases fail, the first:\n{string.Join("\n", failures.Take(5))}");
    }

    [Fact]
    public void Argmax_EveryGoldenCase_IsTheLibrarys()
    {
        foreach (JsonElement line in GoldenCases.Embedding("argmax"))
        {
            (Tensor scores, long? dimension) = ArgmaxTests.ScoresOf(line);

            ReferenceArray result = ReferenceArgmax.Of(scores, dimension);

            Assert.Equal(ArgmaxTests.IndicesOf(line), result.Elements);
        }
    }

    private static string? Check(JsonElement line, int number)
    {
        string? problem;
        try
        {
            problem = CheckResult(line, ReferenceSubscript.Select(
                SubscriptParser.Parse(line.GetProperty("index").GetString()), Longs(line, "shape"), GoldenCases.TensorsOf(line), GoldenCases.DialectOf(line)));
        }
        catch (ReferenceException e)
        {
            problem = line.TryGetProperty("error", out _) ? null : e.Message;
        }

        return problem is null ? null : $"line {number + 1}: {line.GetProperty("index")} of {line.GetProperty("shape")}: {problem}";
    }

    private static string? CheckResult(JsonElement line, ReferenceArray selected)
    {
        bool refused = line.TryGetProperty("error", out JsonElement error);
        if (line.GetProperty("op").GetString() == "get")
        {
            return refused ? $"expected {error}"
                : !selected.Shape.Select(static size => (long)size).SequenceEqual(Longs(line, "result_shape")) ? $"shape [{string.Join(", ", selected.Shape)}]"
                : selected.Elements.SequenceEqual(Longs(line, "result")) ? null : "other elements";
        }

        bool accumulate = line.GetProperty("accumulate").GetBoolean();
        JsonElement values = line.GetProperty("values");
        if (ReferenceSubscript.Stretch([.. Longs(values, "shape").Select(static size => (int)size)], selected.Shape, dropLeadingOnes: !accumulate) is not { } from)
        {
            return refused ? null : "the values do not broadcast";
        }

        if (refused)
        {
            return $"expected {error}";
        }

        long[] data = Longs(values, "data");
        double[] table = [.. Enumerable.Range(0, (int)TensorShape.Of(Longs(line, "shape")).ElementCount).Select(static i => (double)i)];
        ReferenceSubscript.Put(table, selected, [.. from.Select(position => (double)data[position])], accumulate);
        return table.SequenceEqual(Longs(line, "result").Select(static value => (double)value)) ? null : "another array";
    }

    private static long[] Longs(JsonElement line, string name) => [.. line.GetProperty(name).EnumerateArray().Select(static number => number.GetInt64())];
}
