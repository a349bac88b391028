using EmbedStore.Shards;
using EmbedStore.Tensors;
using EmbedStore.Testing;

namespace EmbedStore.Serving.Tests.Nearest;

/// <summary>A search finds what sorting all rows finds.</summary>
[Collection(Budgets.Alone.Name)]
public sealed class NearestTests
{
    /// <summary>Small whole numbers, so that many rows are equally near and every sum is exact.</summary>
    [Theory]
    [InlineData(501, "200", "F32", NearestMetric.L2)]
    [InlineData(502, "200", "BF16", NearestMetric.Dot)]
    [InlineData(503, "200", "F64", NearestMetric.Cosine)]
    [InlineData(504, "\"*\"", "F16", NearestMetric.L2)]
    [InlineData(505, "\"*\"", "I64", NearestMetric.Dot)]
    [InlineData(506, "\"*\"", "U8", NearestMetric.L2)]
    [InlineData(507, "20000", "F32", NearestMetric.Dot)]
    [InlineData(508, "20000", "I32", NearestMetric.L2)]
    public async Task FindNearest_RandomRows_GivesWhatSortingGives(int seed, string rows, string type, NearestMetric metric)
    {
        var random = new Random(seed);
        await using var tables = new TestTables();
        Table table = await tables.CreateAsync($$"""{"shape": [{{rows}}, 5], "dtype": "{{type}}"}""");
        int least = type == "U8" ? 0 : -3;
        Dictionary<long, double[]> model = [];
        for (long id = 0; id < (table.Shape.IsOpen ? 0 : table.Shape.RowCount); id++)
        {
            model[id] = new double[5];
        }

        long[] ids = [.. Enumerable.Range(0, 150).Select(_ => table.Shape.IsOpen ? random.NextInt64(long.MinValue, long.MaxValue) : random.NextInt64(table.Shape.RowCount)).Distinct()];
        foreach (long id in ids)
        {
            model[id] = [.. Enumerable.Range(0, 5).Select(_ => (double)random.Next(least, 4))];
        }

        await tables.PutAsync(table, "[ids]", TensorValues.Of(table.Rows.ValueType, TensorShape.Of(ids.Length, 5), [.. ids.SelectMany(id => model[id])]), ("ids", Tensor.Of(TensorShape.Of(ids.Length), ids)));
        double[][] queries = [.. Enumerable.Range(0, 20).Select(i => i % 4 == 0 ? model[ids[i]] : Enumerable.Range(0, 5).Select(_ => (double)random.Next(least, 4)).ToArray())];
        foreach (int count in new[] { 1, 7, 300 })
        {
            using var memory = new RequestMemory();
            NearestAnswer answer = await FindAsync(tables, table, memory, [.. queries.SelectMany(static query => query)], 5, count, metric);

            for (int query = 0; query < queries.Length; query++)
            {
                (long Id, double Score)[] expected = [.. Sorted(model, queries[query], metric).Take(count)];
                long[] found = Longs(answer.Ids)[(query * count)..((query + 1) * count)];
                double[] scores = TensorValues.ToDoubles(answer.Scores)[(query * count)..((query + 1) * count)];
                double farthest = metric == NearestMetric.L2 ? double.PositiveInfinity : double.NegativeInfinity;
                Assert.All(Enumerable.Range(expected.Length, count - expected.Length), i => Assert.Equal((-1, farthest), (found[i], scores[i])));
                Assert.All(expected.Zip(scores), static pair => Assert.InRange(pair.Second - pair.First.Score, -1e-5, 1e-5));
                if (metric == NearestMetric.Cosine)
                {
                    // Rows of one direction are equally near but for rounding, so only their scores are certain.
                    Assert.Equal(expected.Length, found.Take(expected.Length).Distinct().Count());
                    Assert.All(expected.Zip(found), pair => Assert.InRange(Score(model[pair.Second], queries[query], metric) - pair.First.Score, -1e-5, 1e-5));
                }
                else
                {
                    Assert.Equal(expected.Select(static row => row.Id), found.Take(expected.Length));
                }

                Assert.Equal(model.Values.Any(row => row.SequenceEqual(queries[query])), answer.Exact.Data.Span[query] == 1);
            }
        }
    }

    [Theory]
    [InlineData(null, new long[] { 2, 0, 3, 1 })]
    [InlineData(MissingPolicy.Zeros, new long[] { 2, 0, 3, 1 })]
    [InlineData(MissingPolicy.Initialize, new long[] { 0, 3, 2, 1 })]
    [InlineData(MissingPolicy.Error, new long[] { 2, 1, -1, -1 })]
    public async Task FindNearest_RowsNeverWritten_AreWhatMissingSays(MissingPolicy? missing, long[] expected)
    {
        await using var tables = new TestTables();
        Table table = await tables.CreateAsync("""{"shape": [4, 2], "missing": "zeros", "initializer": {"kind": "constant", "value": 5} }""");
        await tables.PutAsync(table, "[1:3]", Tensor.Of(TensorShape.Of(2, 2), -1f, -1, 1, 1));
        using var memory = new RequestMemory();

        NearestAnswer answer = await FindAsync(tables, table, memory, [4, 4], 2, 4, NearestMetric.L2, missing);

        Assert.Equal(expected, Longs(answer.Ids));
    }

    [Fact]
    public async Task FindNearest_ErasedRows_AreGone()
    {
        await using var tables = new TestTables();
        Table table = await tables.CreateAsync("""{"shape": ["*", 2]}""");
        Tensor ids = Tensor.Of(TensorShape.Of(3), 7L, -7, 9);
        await tables.PutAsync(table, "[ids]", Tensor.Of(TensorShape.Scalar, 1f), ("ids", ids));
        await tables.WriteAsync(table, RowWriteKind.Erase, "[ids]", null, ("ids", Tensor.Of(TensorShape.Of(1), 7L)));
        using var memory = new RequestMemory();

        NearestAnswer answer = await FindAsync(tables, table, memory, [1, 1], 2, 3, NearestMetric.L2);

        Assert.Equal([-7, 9, -1], Longs(answer.Ids));
        Assert.Equal(1, answer.Exact.Data.Span[0]);
    }

    [Theory]
    [InlineData(NearestMetric.L2)]
    [InlineData(NearestMetric.Dot)]
    [InlineData(NearestMetric.Cosine)]
    public async Task FindNearest_NotANumber_IsNearToNothingAndStillEqualToItself(NearestMetric metric)
    {
        await using var tables = new TestTables();
        Table table = await tables.CreateAsync("""{"shape": [3, 2]}""");
        await tables.PutAsync(table, "[:]", Tensor.Of(TensorShape.Of(3, 2), 1f, float.NaN, 1, 1, float.NaN, float.NaN));
        using var memory = new RequestMemory();

        NearestAnswer answer = await FindAsync(tables, table, memory, [1, 1, double.NaN, double.NaN], 2, 3, metric, type: ElementType.F32);

        Assert.Equal([1, -1, -1, -1, -1, -1], Longs(answer.Ids));
        Assert.Equal([1, 1], answer.Exact.Data.ToArray());
    }

    [Fact]
    public async Task FindNearest_ZeroVectors_HaveNoDirection()
    {
        await using var tables = new TestTables();
        Table table = await tables.CreateAsync("""{"shape": [3, 2]}""");
        await tables.PutAsync(table, "[1:]", Tensor.Of(TensorShape.Of(2, 2), -2f, 0, 3, 3));
        using var memory = new RequestMemory();

        NearestAnswer answer = await FindAsync(tables, table, memory, [1, 0, 0, 0], 2, 3, NearestMetric.Cosine);

        Assert.Equal([2, 0, 1, 0, 1, 2], Longs(answer.Ids));
        Assert.Equal([Math.Sqrt(.5), 0, -1, 0, 0, 0], TensorValues.ToDoubles(answer.Scores), (a, b) => Math.Abs(a - b) < 1e-6);
    }

    /// <summary>Equal means the same bits in the rows' own type, whatever type the query comes in.</summary>
    [Theory]
    [InlineData("F16", "F32", 0.5, true)]
    [InlineData("F16", "F32", 0.50001, false)]
    [InlineData("F32", "F64", 0.1, false)]
    [InlineData("F32", "I64", 3, true)]
    [InlineData("F32", "I64", 16_777_217, false)]
    [InlineData("F32", "F32", -0.0, false)]
    [InlineData("I32", "F32", 3, true)]
    [InlineData("I32", "F32", 3.5, false)]
    [InlineData("U8", "I64", 256, false)]
    [InlineData("I64", "F64", 1e300, false)]
    public async Task FindNearest_QueryOfAnotherType_IsExactWhenNothingIsLost(string rowType, string queryType, double value, bool isExact)
    {
        await using var tables = new TestTables();
        Table table = await tables.CreateAsync($$"""{"shape": [40, 1], "dtype": "{{rowType}}"}""");
        Assert.True(ElementTypes.TryParse(queryType, out ElementType type));
        double stored = rowType switch { "F16" => (double)(Half)value, "F32" => (float)value, _ => 3 };
        await tables.PutAsync(table, "[0]", TensorValues.Of(table.Rows.ValueType, TensorShape.Scalar, stored == 0 ? 0 : stored));
        using var memory = new RequestMemory();

        NearestAnswer answer = await FindAsync(tables, table, memory, [value], 1, 1, NearestMetric.L2, MissingPolicy.Error, type);

        Assert.Equal(isExact, answer.Exact.Data.Span[0] == 1);
    }

    [Fact]
    public async Task FindNearest_ScaledRows_AreComparedAsTheyAreRead()
    {
        await using var tables = new TestTables();
        Table table = await tables.CreateAsync("""{"shape": [3, 2], "dtype": "I8", "scale": "row"}""");
        await tables.PutAsync(table, "[1]", Tensor.Of(TensorShape.Of(2), 127f, 2));
        using var memory = new RequestMemory();

        NearestAnswer answer = await FindAsync(tables, table, memory, [127, 2], 2, 1, NearestMetric.L2);

        Assert.Equal((1L, 0.0, 1), (Longs(answer.Ids)[0], TensorValues.ToDoubles(answer.Scores)[0], answer.Exact.Data.Span[0]));
    }

    [Fact]
    public async Task FindNearest_CallerLeaves_EndsBetweenBlocks()
    {
        await using var tables = new TestTables();
        Table table = await tables.CreateAsync("""{"shape": [100000000, 4]}""");
        using var memory = new RequestMemory();
        using var left = new CancellationTokenSource();
        Task<NearestAnswer> search = FindAsync(tables, table, memory, [1, 1, 1, 1], 4, 1, NearestMetric.L2, cancellation: left.Token);
        await left.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => search);
    }

    /// <summary>More queries than one pass over the table keeps rows for.</summary>
    [Fact]
    public async Task FindNearest_ManyQueries_AreAnsweredInSets()
    {
        await using var tables = new TestTables();
        Table table = await tables.CreateAsync("""{"shape": [300, 1]}""");
        await tables.PutAsync(table, "[:]", Tensor.Of(TensorShape.Of(300, 1), [.. Enumerable.Range(0, 300).Select(static i => (float)i)]));
        using var memory = new RequestMemory();

        NearestAnswer answer = await FindAsync(tables, table, memory, [.. Enumerable.Range(0, 150).Select(static i => 2.0 * i)], 1, NearestRequest.CountMax, NearestMetric.L2);

        Assert.Equal(Enumerable.Range(0, 150).Select(static i => 2L * i), Longs(answer.Ids).Where(static (_, i) => i % NearestRequest.CountMax == 0));
        Assert.All(answer.Exact.Data.ToArray(), static flag => Assert.Equal(1, flag));
    }

    [Fact]
    public async Task FindNearest_HundredTimesTheRows_AllocatesNoMore()
    {
        await using var tables = new TestTables();
        Table small = await tables.CreateAsync("""{"shape": [1000, 4]}""", "small");
        Table large = await tables.CreateAsync("""{"shape": [100000, 4], "shards": 1}""", "large");
        await tables.PutAsync(large, "[0]", Tensor.Of(TensorShape.Scalar, 1f));
        await AllocatedAsync(tables, large);

        long few = await AllocatedAsync(tables, small);
        long many = await AllocatedAsync(tables, large);

        Assert.InRange(many, 0, few + 32_768);
    }

    private static async Task<long> AllocatedAsync(TestTables tables, Table table)
    {
        long least = long.MaxValue;
        for (int round = 0; round < 10; round++)
        {
            using var memory = new RequestMemory();
            long before = GC.GetTotalAllocatedBytes(precise: true);
            await FindAsync(tables, table, memory, [1, 1, 1, 1], 4, 10, NearestMetric.L2);
            least = Math.Min(least, GC.GetTotalAllocatedBytes(precise: true) - before);
        }

        return least;
    }

    private static IEnumerable<(long Id, double Score)> Sorted(Dictionary<long, double[]> model, double[] query, NearestMetric metric)
    {
        IEnumerable<(long Id, double Score)> scored = model.Select(row => (row.Key, Score(row.Value, query, metric)));
        return metric == NearestMetric.L2 ? scored.OrderBy(static row => row.Score).ThenBy(static row => row.Id) : scored.OrderByDescending(static row => row.Score).ThenBy(static row => row.Id);
    }

    private static double Score(double[] row, double[] query, NearestMetric metric)
    {
        double dot = row.Zip(query, static (a, b) => a * b).Sum();
        return metric switch
        {
            NearestMetric.L2 => Math.Sqrt(row.Zip(query, static (a, b) => (a - b) * (a - b)).Sum()),
            NearestMetric.Dot => dot,
            _ => dot == 0 ? 0 : dot / Math.Sqrt(row.Sum(static a => a * a)) / Math.Sqrt(query.Sum(static a => a * a)),
        };
    }

    private static long[] Longs(Tensor tensor) => System.Runtime.InteropServices.MemoryMarshal.Cast<byte, long>(tensor.Data.Span).ToArray();

    private static async Task<NearestAnswer> FindAsync(
        TestTables tables, Table table, RequestMemory memory, double[] queries, int width, int count, NearestMetric metric, MissingPolicy? missing = null, ElementType type = ElementType.F64, CancellationToken cancellation = default)
    {
        var request = new NearestRequest
        {
            Tensors = TestTables.Named(("queries", TensorValues.Of(type, TensorShape.Of(queries.Length / width, width), queries))),
            Count = count,
            Metric = metric,
            Missing = missing,
        };
        return await tables.Lookups.FindNearestAsync(table, request, memory, cancellation);
    }
}
