using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Text.Json;
using EmbedStore.Tensors;
using EmbedStore.Testing;

namespace EmbedStore.Http.Tests.Golden;

/// <summary>The 2,500 cases of PyTorch and NumPy through the API, each on a table of its own shape: what is selected, assigned, refused.</summary>
public class GoldenIndexingTests(TestServer server) : IClassFixture<TestServer>
{
    private static readonly string[] IndexErrors = ["index_out_of_range", "too_many_indices", "mask_mismatch", "shape_mismatch"];

    private ApiClient Api => server.Api;

    [Fact]
    public async Task DataCalls_EveryGoldenCase_DoWhatTheLibraryDid()
    {
        Assert.Equal(2500, GoldenCases.Indexing.Count);
        var failures = new ConcurrentBag<string>();
        IEnumerable<(JsonElement Line, int Number)> lines = GoldenCases.Indexing.Select(static (line, i) => (line, i + 1));
        await Parallel.ForEachAsync(lines, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (line, _) =>
        {
            if (await CheckAsync(line.Line, $"golden-{line.Number}") is { } problem)
            {
                failures.Add($"line {line.Number}: {line.Line.GetProperty("index")} of {line.Line.GetProperty("shape")}: {problem}");
            }
        });
        Assert.True(failures.IsEmpty, $"{failures.Count} cases fail, such as:\n{string.Join("\n", failures.Take(5))}");
        Assert.Empty((await Api.GetAsync("/v1/tables")).Json.GetProperty("tables").EnumerateArray());
    }

    private async Task<string?> CheckAsync(JsonElement line, string table)
    {
        TensorShape shape = GoldenCases.ShapeOf(line.GetProperty("shape"));
        (await Api.CreateAsync(table, $$"""{"shape": [{{string.Join(',', shape)}}], "dtype": "I64"}""")).Success();
        try
        {
            long[] counted = [.. Enumerable.Range(0, (int)shape.ElementCount).Select(static i => (long)i)];
            (await Api.PutAsync(table, "[...]", Tensor.Of(shape, counted))).Success();
            return line.GetProperty("op").GetString() == "get" ? await CheckGetAsync(line, table) : await CheckPutAsync(line, table, counted);
        }
        finally
        {
            (await Api.DropAsync(table)).Success();
        }
    }

    private async Task<string?> CheckGetAsync(JsonElement line, string table)
    {
        Answer gathered = await CallAsync(line, table, "gather", GoldenCases.TensorsOf(line));
        Answer source = await CallAsync(line, table, "source", GoldenCases.TensorsOf(line));
        if (line.TryGetProperty("error", out _))
        {
            return Refused(gathered) ?? Refused(source);
        }

        // The table counts its elements, so that what it holds is where it stands.
        TensorShape shape = GoldenCases.ShapeOf(line.GetProperty("result_shape"));
        long[] expected = Numbers(line, "result");
        return Difference(gathered.Rows(), shape, expected) ?? Difference(source.Tensors()["positions"], shape, expected);
    }

    private async Task<string?> CheckPutAsync(JsonElement line, string table, long[] before)
    {
        JsonElement values = line.GetProperty("values");
        Dictionary<string, Tensor> tensors = GoldenCases.TensorsOf(line);
        tensors["values"] = Tensor.Of(GoldenCases.ShapeOf(values.GetProperty("shape")), Numbers(values, "data"));
        Answer put = await CallAsync(line, table, "put", tensors);
        Tensor after = (await Api.GatherAsync(table, "[...]")).Rows();
        TensorShape shape = GoldenCases.ShapeOf(line.GetProperty("shape"));
        return line.TryGetProperty("error", out _)
            ? Refused(put) ?? Difference(after, shape, before)
            : put.Code ?? Difference(after, shape, Numbers(line, "result"));
    }

    private Task<Answer> CallAsync(JsonElement line, string table, string verb, Dictionary<string, Tensor> tensors)
    {
        string dialect = line.GetProperty("library").GetString() == "numpy" ? "dialect=numpy" : "dialect=pytorch";
        string accumulate = verb == "put" && line.GetProperty("accumulate").GetBoolean() ? "&accumulate=true" : "";
        return Api.CallAsync(table, verb, line.GetProperty("index").GetString(), tensors, dialect + accumulate);
    }

    private static string? Refused(Answer answer) => answer.Status == 400 && IndexErrors.Contains(answer.Code) ? null : $"not refused rightly: {answer.Status} {answer.Code}";

    private static string? Difference(Tensor actual, TensorShape shape, long[] expected) =>
        !actual.Shape.Equals(shape) ? $"shape {actual.Shape}, expected {shape}"
        : !MemoryMarshal.Cast<byte, long>(actual.Data.Span).SequenceEqual(expected) ? "other elements"
        : null;

    private static long[] Numbers(JsonElement line, string name) => line.GetProperty(name).EnumerateArray().Select(static number => number.GetInt64()).ToArray();
}
