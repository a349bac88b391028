using System.Text.Json;
using EmbedStore.Tensors;
using EmbedStore.Testing;

namespace EmbedStore.Serving.Tests.Pooling;

public class BagTests
{
    [Fact]
    public async Task Pool_EveryGoldenCase_GivesWhatPyTorchGave()
    {
        await using var tables = new TestTables();
        IReadOnlyList<JsonElement> cases = GoldenCases.Embedding("bag");
        Assert.Equal(160, cases.Count);
        for (int i = 0; i < cases.Count; i++)
        {
            JsonElement shape = cases[i].GetProperty("table").GetProperty("shape");
            Table table = await tables.CreateAsync($$"""{"shape": {{shape.GetRawText()}}, "shards": 1, "durability": "none"}""", $"t{i}");
            await tables.PutAsync(table, "[:]", TensorValues.Of(ElementType.F32, GoldenCases.ShapeOf(shape), Doubles(cases[i].GetProperty("table").GetProperty("data"))));

            BagAnswer answer = await tables.Lookups.PoolAsync(table, RequestOf(cases[i]), new RequestMemory(), CancellationToken.None);

            double[] expected = Doubles(cases[i].GetProperty("result"));
            double[] actual = TensorValues.ToDoubles(answer.Rows);
            Assert.Equal(GoldenCases.ShapeOf(cases[i].GetProperty("result_shape")), answer.Rows.Shape);
            Assert.All(expected.Zip(actual), pair => Assert.True(Math.Abs(pair.First - pair.Second) <= 1e-5 * Math.Max(1, Math.Abs(pair.First)), $"case {i}: {pair}"));
        }
    }

    [Theory]
    [InlineData(new long[] { 1, 2 }, false)]
    [InlineData(new long[] { 0, 2, 1 }, false)]
    [InlineData(new long[] { 0, 4 }, false)]
    [InlineData(new long[] { 0, -1 }, false)]
    [InlineData(new long[] { 0, 2 }, true)]
    [InlineData(new long[] { }, true)]
    public async Task Pool_BadOffsets_AreRefused(long[] offsets, bool includeLast)
    {
        await using var tables = new TestTables();
        Table table = await tables.CreateAsync("""{"shape": [5, 2]}""");
        var tensors = TestTables.Named(("ids", Tensor.Of(TensorShape.Of(3), 0L, 1, 2)), ("offsets", Tensor.Of(TensorShape.Of(offsets.Length), offsets)));

        EmbedStoreException error = await RefusalAsync(tables, table, new BagRequest { Tensors = tensors, IncludeLastOffset = includeLast });

        Assert.Equal((ErrorCode.InvalidParameter, "offsets"), (error.Code, error["parameter"]));
    }

    [Fact]
    public async Task Pool_MissingRow_IsNamedByItsCoordinatesAndPaddingIsNot()
    {
        await using var tables = new TestTables();
        Table table = await tables.CreateAsync("""{"shape": [5, 2], "missing": "error"}""");
        await tables.PutAsync(table, "[0:2]", Tensor.Of(TensorShape.Scalar, 3f));
        var request = new BagRequest { Tensors = TestTables.Named(("ids", Tensor.Of(TensorShape.Of(2, 2), 0L, 1, 4, 1))) };

        EmbedStoreException error = await RefusalAsync(tables, table, request);
        BagAnswer padded = await tables.Lookups.PoolAsync(table, request with { PaddingIndex = -1 }, new RequestMemory(), CancellationToken.None);

        Assert.Equal((ErrorCode.RowNotFound, 4L), (error.Code, (long)error["id"]!));
        Assert.Equal([1L, 0L], (long[])error["position"]!);
        Assert.Equal([3.0, 3, 3, 3], TensorValues.ToDoubles(padded.Rows));
    }

    [Fact]
    public async Task Pool_AnyNumberOfEmptyBags_IsRefusedBeforeTheyAreCounted()
    {
        await using var tables = new TestTables();
        Table table = await tables.CreateAsync("""{"shape": [5, 2]}""");
        foreach (long bags in new[] { 1L << 30, 1L << 40 })
        {
            var ids = new Tensor(ElementType.I64, TensorShape.Of(bags, 0), default);
            Assert.Equal(ErrorCode.ResultTooLarge, (await RefusalAsync(tables, table, new BagRequest { Tensors = TestTables.Named(("ids", ids)) })).Code);
        }
    }

    private static BagRequest RequestOf(JsonElement line)
    {
        JsonElement ids = line.GetProperty("ids");
        TensorShape shape = GoldenCases.ShapeOf(ids.GetProperty("shape"));
        Dictionary<string, Tensor> tensors = TestTables.Named(("ids", TensorValues.Of(ElementType.I64, shape, Doubles(ids.GetProperty("data")))));
        if (line.GetProperty("offsets") is { ValueKind: JsonValueKind.Array } offsets)
        {
            tensors["offsets"] = TensorValues.Of(ElementType.I32, TensorShape.Of(offsets.GetArrayLength()), Doubles(offsets));
        }

        if (line.GetProperty("per_sample_weights") is { ValueKind: JsonValueKind.Array } weights)
        {
            tensors["weights"] = TensorValues.Of(ElementType.F32, shape, Doubles(weights));
        }

        return new BagRequest
        {
            Tensors = tensors,
            Mode = Enum.Parse<PoolingMode>(line.GetProperty("mode").GetString()!, ignoreCase: true),
            IncludeLastOffset = line.GetProperty("include_last_offset").GetBoolean(),
            PaddingIndex = line.GetProperty("padding_idx") is { ValueKind: JsonValueKind.Number } padding ? padding.GetInt64() : null,
        };
    }

    private static double[] Doubles(JsonElement numbers) => [.. numbers.EnumerateArray().Select(static number => number.GetDouble())];

    private static Task<EmbedStoreException> RefusalAsync(TestTables tables, Table table, BagRequest request) =>
        Assert.ThrowsAsync<EmbedStoreException>(() => tables.Lookups.PoolAsync(table, request, new RequestMemory(), CancellationToken.None).AsTask());
}
