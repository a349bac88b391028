using System.Globalization;
using System.Text.Json;
using EmbedStore.Tensors;
using EmbedStore.Testing;

namespace EmbedStore.Http.Tests.Golden;

/// <summary>The bag and argmax cases of PyTorch through the API.</summary>
public class GoldenEmbeddingTests(TestServer server) : IClassFixture<TestServer>
{
    private ApiClient Api => server.Api;

    [Fact]
    public async Task Bag_EveryGoldenCase_PoolsWhatPyTorchPooled()
    {
        foreach (JsonElement line in GoldenCases.Embedding("bag"))
        {
            string table = await NewTableAsync(line.GetProperty("table"));
            var tensors = new Dictionary<string, Tensor>
            {
                ["ids"] = Integers(line.GetProperty("ids")),
            };
            if (line.GetProperty("offsets") is { ValueKind: JsonValueKind.Array } offsets)
            {
                tensors["offsets"] = Tensor.Of(TensorShape.Of(offsets.GetArrayLength()), offsets.Longs());
            }

            if (line.GetProperty("per_sample_weights") is { ValueKind: not JsonValueKind.Null } weights)
            {
                tensors["weights"] = Elements.F32(tensors["ids"].Shape, Floats(weights));
            }

            string query = $"mode={line.GetProperty("mode")}&include_last_offset={line.GetProperty("include_last_offset")}";
            if (line.GetProperty("padding_idx") is { ValueKind: JsonValueKind.Number } padding)
            {
                query += "&padding_idx=" + padding.GetInt64().ToString(CultureInfo.InvariantCulture);
            }

            Tensor rows = (await Api.CallAsync(table, "bag", null, tensors, query)).Rows();
            Assert.Equal(GoldenCases.ShapeOf(line.GetProperty("result_shape")), rows.Shape);
            AssertClose(Floats(line.GetProperty("result")), rows.Floats(), line.ToString());
            (await Api.DropAsync(table)).Success();
        }
    }

    /// <summary>The feature map is the table: along the dimension that is searched the row is picked, and the others count themselves.</summary>
    [Fact]
    public async Task Gather_ArgmaxOfScores_PicksWhatPyTorchPicked()
    {
        foreach (JsonElement line in GoldenCases.Embedding("argmax"))
        {
            string table = await NewTableAsync(line.GetProperty("feature_map"));
            TensorShape scores = GoldenCases.ShapeOf(line.GetProperty("scores").GetProperty("shape"));
            int dimension = line.GetProperty("dim").GetInt32();
            var tensors = new Dictionary<string, Tensor> { ["scores"] = Elements.F32(scores, Floats(line.GetProperty("scores").GetProperty("data"))) };
            var items = new List<string>();
            for (int d = 0; d < scores.Rank; d++)
            {
                items.Add(d == dimension ? FormattableString.Invariant($"argmax(scores, {dimension})") : $"at{d}");
                if (d != dimension)
                {
                    tensors[$"at{d}"] = Counting(scores, dimension, d);
                }
            }

            Tensor rows = (await Api.GatherAsync(table, $"[{string.Join(", ", items)}]", tensors)).Rows();
            Assert.Equal(GoldenCases.ShapeOf(line.GetProperty("result_shape")), rows.Shape);
            Assert.Equal(Floats(line.GetProperty("result")), rows.Floats());
            (await Api.DropAsync(table)).Success();
        }
    }

    private async Task<string> NewTableAsync(JsonElement table)
    {
        TensorShape shape = GoldenCases.ShapeOf(table.GetProperty("shape"));
        string name = await Api.NewAsync($"[{string.Join(',', shape)}]", ", \"shards\": 2");
        (await Api.PutAsync(name, "[...]", Elements.F32(shape, Floats(table.GetProperty("data"))))).Success();
        return name;
    }

    /// <summary>0, 1, 2, ... along one dimension of the scores, of size 1 along the others that remain.</summary>
    private static Tensor Counting(TensorShape scores, int searched, int along)
    {
        long[] sizes = [.. Enumerable.Range(0, scores.Rank).Where(d => d != searched).Select(d => d == along ? scores[d] : 1)];
        return Tables.Counted(TensorShape.Of(sizes));
    }

    private static Tensor Integers(JsonElement tensor) => Tensor.Of(GoldenCases.ShapeOf(tensor.GetProperty("shape")), tensor.GetProperty("data").Longs());

    private static float[] Floats(JsonElement numbers)
    {
        JsonElement list = numbers.ValueKind == JsonValueKind.Object ? numbers.GetProperty("data") : numbers;
        return list.EnumerateArray().Select(static number => number.ValueKind == JsonValueKind.Number ? number.GetSingle() : float.Parse(number.GetString()!, CultureInfo.InvariantCulture)).ToArray();
    }

    private static void AssertClose(float[] expected, float[] actual, string line)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.True(expected[i].Equals(actual[i]) || Math.Abs(expected[i] - actual[i]) <= 1e-5 * Math.Max(1, Math.Abs(expected[i])), $"element {i}: {actual[i]}, expected {expected[i]}\n{line}");
        }
    }
}
