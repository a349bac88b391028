using EmbedStore.Tensors;

namespace EmbedStore.Serving.Tests.Features;

/// <summary>Many features in one call answer what each would alone.</summary>
public sealed class FeatureLookupTests
{
    private const int RowCount = 300;

    /// <summary>An open table is read by its distinct rows, a fixed one where it lies; both have rows that were never written.</summary>
    [Theory]
    [InlineData(401, "\"*\"", "F32")]
    [InlineData(402, "\"*\"", "F64")]
    [InlineData(403, "300", "F32")]
    [InlineData(404, "300", "BF16")]
    public async Task LookUp_RandomFeatures_GivesWhatGatherAndBagGive(int seed, string rows, string type)
    {
        var random = new Random(seed);
        await using var tables = new TestTables();
        string spec = $$"""{"shape": [{{rows}}, 3], "dtype": "{{type}}", "initializer": {"kind": "normal", "seed": 5} }""";
        Table[] known = [await FilledAsync(tables, spec, "a", random), await FilledAsync(tables, spec, "b", random)];
        for (int round = 0; round < 20; round++)
        {
            FeatureRequest[] features = [.. Enumerable.Range(0, random.Next(1, 8)).Select(number => Draw(known[random.Next(2)], number, random))];

            using FeatureAnswers answers = await tables.Lookups.LookUpAsync(features, default, CancellationToken.None);

            Assert.Equal(features.Length, answers.Features.Count);
            foreach ((FeatureRequest feature, FeatureAnswer answer) in features.Zip(answers.Features))
            {
                (TensorShape shape, double[] expected) = await AloneAsync(tables, feature);
                (TensorShape actualShape, double[] actual) = await ReadAsync(answer);
                Assert.Equal(shape, actualShape);
                Assert.Equal(expected, actual);
            }
        }
    }

    [Fact]
    public async Task LookUp_SeveralTables_SaysTheLowestOfTheirVersions()
    {
        await using var tables = new TestTables();
        Table old = await FilledAsync(tables, """{"shape": [300, 3]}""", "a", new Random(1));
        Table young = await tables.CreateAsync("""{"shape": [300, 3]}""", "b");
        await tables.PutAsync(young, "[0]", Tensor.Of(TensorShape.Scalar, 1f));
        for (int i = 0; i < 3; i++)
        {
            await tables.PutAsync(old, "[0]", Tensor.Of(TensorShape.Scalar, 1f));
        }

        using FeatureAnswers answers = await tables.Lookups.LookUpAsync([Sequence(old, 0, 1), Sequence(young, 1, 2)], default, CancellationToken.None);

        Assert.True(young.Version < old.Version);
        Assert.Equal(young.Version, answers.Version);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task LookUp_MissingRow_IsNamedByFeatureAndPosition(bool isPooled)
    {
        await using var tables = new TestTables();
        Table table = await tables.CreateAsync("""{"shape": ["*", 3], "missing": "error"}""");
        await tables.PutAsync(table, "[ids]", Tensor.Of(TensorShape.Scalar, 1f), ("ids", Tensor.Of(TensorShape.Of(1), 4L)));
        FeatureRequest good = Sequence(table, 0, 4, 4);
        FeatureRequest bad = Sequence(table, 1, 4, 4, 9) with
        {
            Mode = isPooled ? PoolingMode.Sum : null,
            Tensors = isPooled
                ? TestTables.Named(("ids", Tensor.Of(TensorShape.Of(3), 4L, 4, 9)), ("offsets", Tensor.Of(TensorShape.Of(1), 0L)))
                : TestTables.Named(("ids", Tensor.Of(TensorShape.Of(3), 4L, 4, 9))),
        };

        EmbedStoreException error = await RefusalAsync(tables, good, bad);

        Assert.Equal((ErrorCode.RowNotFound, 9L, "f1.ids"), (error.Code, (long)error["id"]!, (string)error["tensor"]!));
        Assert.Equal([2L], (long[])error["position"]!);
    }

    [Fact]
    public async Task LookUp_SeveralMistakes_SaysTheOneThatIsListedFirst()
    {
        await using var tables = new TestTables();
        Table table = await tables.CreateAsync("""{"shape": [5, 3]}""");
        FeatureRequest outside = Sequence(table, 0, 1, 5);
        FeatureRequest negative = Sequence(table, 1, -1);
        FeatureRequest untyped = Sequence(table, 2) with { Tensors = TestTables.Named(("ids", Tensor.Of(TensorShape.Of(1), 1f))) };

        EmbedStoreException later = await RefusalAsync(tables, outside, untyped);
        EmbedStoreException both = await RefusalAsync(tables, outside, negative);

        Assert.Equal((ErrorCode.UnsupportedDtype, "f2.ids"), (later.Code, (string)later["tensor"]!));
        Assert.Equal((ErrorCode.IndexOutOfRange, "f0.ids", 5L), (both.Code, (string)both["tensor"]!, (long)both["index"]!));
    }

    [Fact]
    public async Task LookUp_LimitsOfACall_AreThoseOfAllFeaturesTogether()
    {
        await using var tables = new TestTables(new ServingLimits { IdCountMax = 6, ResultByteCountMax = 60 });
        Table table = await tables.CreateAsync("""{"shape": [5, 3]}""");

        EmbedStoreException ids = await RefusalAsync(tables, Sequence(table, 0, 1, 2, 3), Sequence(table, 1, 1, 2, 3, 4));
        EmbedStoreException bytes = await RefusalAsync(tables, Sequence(table, 0, 1, 2, 3), Sequence(table, 1, 1, 2, 9));

        Assert.Equal((ErrorCode.BodyTooLarge, 7L), (ids.Code, (long)ids["size"]!));
        Assert.Equal((ErrorCode.ResultTooLarge, 72L), (bytes.Code, (long)bytes["size"]!));
    }

    /// <summary>What grows with the ids is rented: a hundred times as many cost no more than a few rents.</summary>
    [Theory]
    [InlineData("\"*\"")]
    [InlineData("100000")]
    public async Task LookUp_HundredTimesTheIds_AllocatesNoMore(string rows)
    {
        await using var tables = new TestTables();
        Table table = await tables.CreateAsync($$"""{"shape": [{{rows}}, 4], "shards": 1}""");
        await tables.PutAsync(table, "[ids]", Tensor.Of(TensorShape.Scalar, 1f), ("ids", Tensor.Of(TensorShape.Of(1), 4L)));

        long few = await AllocatedAsync(tables, table, 200);
        long many = await AllocatedAsync(tables, table, 20_000);

        Assert.InRange(many, 0, few + 4096);
    }

    private static async Task<long> AllocatedAsync(TestTables tables, Table table, int idCount)
    {
        long[] ids = [.. Enumerable.Range(0, idCount).Select(static i => i % 1000L)];
        Tensor tensor = Tensor.Of(TensorShape.Of(idCount), ids);
        FeatureRequest[] features =
        [
            Sequence(table, 0) with { Tensors = TestTables.Named(("ids", tensor)) },
            Sequence(table, 1) with { Mode = PoolingMode.Mean, Tensors = TestTables.Named(("ids", tensor), ("offsets", Tensor.Of(TensorShape.Of(2), 0L, 7))) },
        ];
        byte[] rows = new byte[idCount * 16];
        long least = long.MaxValue;
        for (int round = 0; round < 20; round++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            using (FeatureAnswers answers = await tables.Lookups.LookUpAsync(features, default, CancellationToken.None))
            {
                await answers.Features[0].Rows!.ReadAsync(0, idCount, rows, CancellationToken.None);
            }

            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return least;
    }

    private static async Task<Table> FilledAsync(TestTables tables, string spec, string name, Random random)
    {
        Table table = await tables.CreateAsync(spec, name);
        long[] ids = [.. Enumerable.Range(0, RowCount / 2).Select(_ => (long)random.Next(RowCount)).Distinct()];
        float[] values = [.. Enumerable.Range(0, ids.Length * 3).Select(_ => random.NextSingle())];
        await tables.PutAsync(table, "[ids]", Tensor.Of(TensorShape.Of(ids.Length, 3), values), ("ids", Tensor.Of(TensorShape.Of(ids.Length), ids)));
        return table;
    }

    private static FeatureRequest Sequence(Table table, int number, params long[] ids) => new()
    {
        Table = table,
        Origin = new FeatureOrigin($"features[{number}]", $"f{number}"),
        Tensors = TestTables.Named(("ids", Tensor.Of(TensorShape.Of(ids.Length), ids))),
    };

    private static FeatureRequest Draw(Table table, int number, Random random)
    {
        long[] ids = [.. Enumerable.Range(0, random.Next(40)).Select(_ => (long)random.Next(RowCount))];
        FeatureRequest sequence = Sequence(table, number, ids) with { Type = random.Next(3) == 0 ? ElementType.F64 : null, Missing = random.Next(3) == 0 ? MissingPolicy.Zeros : null };
        PoolingMode? mode = random.Next(4) is var drawn && drawn < 3 ? (PoolingMode)drawn : null;
        return mode is null ? sequence : sequence with { Mode = mode, Tensors = Bags(ids, mode.Value, random) };
    }

    private static Dictionary<string, Tensor> Bags(long[] ids, PoolingMode mode, Random random)
    {
        long[] offsets = [0, .. Enumerable.Range(0, random.Next(4)).Select(_ => (long)random.Next(ids.Length + 1)).Order()];
        Dictionary<string, Tensor> tensors = TestTables.Named(("ids", Tensor.Of(TensorShape.Of(ids.Length), ids)), ("offsets", Tensor.Of(TensorShape.Of(offsets.Length), offsets)));
        if (mode == PoolingMode.Sum && random.Next(2) == 0)
        {
            tensors["weights"] = Tensor.Of(TensorShape.Of(ids.Length), [.. ids.Select(_ => random.NextSingle())]);
        }

        return tensors;
    }

    private static async Task<(TensorShape Shape, double[] Elements)> AloneAsync(TestTables tables, FeatureRequest feature)
    {
        if (feature.Mode is { } mode)
        {
            var bag = new BagRequest { Tensors = feature.Tensors, Mode = mode, Type = feature.Type, Missing = feature.Missing };
            Tensor rows = (await tables.Lookups.PoolAsync(feature.Table, bag, new RequestMemory(), CancellationToken.None)).Rows;
            return (rows.Shape, Testing.TensorValues.ToDoubles(rows));
        }

        Lookup lookup = tables.Lookups.Prepare(feature.Table, new LookupRequest
        {
            Subscript = SubscriptParser.Parse("[ids]"),
            Tensors = feature.Tensors,
            Type = feature.Type,
            Missing = feature.Missing,
        });
        return (lookup.Shape, await TestTables.ReadAsync(lookup));
    }

    private static async Task<(TensorShape Shape, double[] Elements)> ReadAsync(FeatureAnswer answer) => answer.Rows is { } lookup
        ? (lookup.Shape, await TestTables.ReadAsync(lookup))
        : (answer.Tensor!.Shape, Testing.TensorValues.ToDoubles(answer.Tensor));

    private static Task<EmbedStoreException> RefusalAsync(TestTables tables, params FeatureRequest[] features) =>
        Assert.ThrowsAsync<EmbedStoreException>(() => tables.Lookups.LookUpAsync(features, default, CancellationToken.None).AsTask());
}
