using EmbedStore.Shards;
using EmbedStore.Tensors;
using EmbedStore.Testing;

namespace EmbedStore.Serving.Tests;

/// <summary>Random subscripts are written and read through real shards, and through a plain array beside them.</summary>
public class PipelineTests
{
    private const int StepCount = 60;

    [Theory]
    [InlineData("F32", 1)]
    [InlineData("F32", 3)]
    [InlineData("F32", 4)]
    [InlineData("F64", 3)]
    [InlineData("F16", 4)]
    [InlineData("BF16", 3)]
    [InlineData("I64", 4)]
    [InlineData("I32", 1)]
    [InlineData("U8", 3)]
    [InlineData("I8", 4)]
    public async Task Apply_RandomSubscripts_LeavesWhatAPlainArrayHas(string dtype, int shards)
    {
        var random = new Random(TestSeed.Current);
        await using var tables = new TestTables();
        var subscripts = new RandomSubscripts(random) { ErrorRate = 0 };
        for (int round = 0; round < 4; round++)
        {
            long[] sizes = [.. Enumerable.Range(0, random.Next(1, 5)).Select(_ => (long)random.Next(1, 5))];
            string scale = dtype == "I8" ? ", \"scale\": \"row\"" : "";
            Table table = await tables.CreateAsync($$"""{"shape": [{{string.Join(",", sizes)}}], "dtype": "{{dtype}}", "shards": {{shards}}{{scale}}}""", $"t{round}");
            double[] model = new double[TensorShape.Of(sizes).ElementCount];
            for (int step = 0; step < StepCount; step++)
            {
                (string text, IReadOnlyDictionary<string, Tensor> tensors) = subscripts.Next(sizes, (Dialect)(step % 2));
                await StepAsync(tables, table, random, model, sizes, text, tensors, (Dialect)(step % 2));
            }
        }
    }

    [Fact]
    public async Task Apply_DuplicateIds_LastWinsAndAllAreAdded()
    {
        await using var tables = new TestTables();
        Table table = await tables.CreateAsync("""{"shape": [10, 2], "shards": 3}""");
        (string, Tensor) ids = ("ids", Tensor.Of(TensorShape.Of(4), 3L, -1, 3, 9));
        Tensor values = Tensor.Of(TensorShape.Of(4, 2), 1f, 2, 3, 4, 5, 6, 7, 8);

        UpdateAnswer put = await tables.PutAsync(table, "[ids]", values, ids);
        Assert.Equal(new[] { 5.0, 6, 7, 8 }, await tables.GetAsync(table, "[r]", ("r", Tensor.Of(TensorShape.Of(2), 3L, 9))));
        UpdateAnswer add = await tables.WriteAsync(table, RowWriteKind.Accumulate, "[ids]", values, ids);

        Assert.Equal(new[] { 11.0, 14, 17, 20 }, await tables.GetAsync(table, "[r]", ("r", Tensor.Of(TensorShape.Of(2), 3L, 9))));
        Assert.Equal((4, 4), (put.RowCount, add.RowCount));
        Assert.True(add.Version > put.Version);
    }

    [Fact]
    public async Task Prepare_StatusAndMissing_TellErasedFromNeverWritten()
    {
        await using var tables = new TestTables();
        Table table = await tables.CreateAsync("""{"shape": [6, 2], "missing": "error"}""");
        Tensor ids = Tensor.Of(TensorShape.Of(3), 0L, 1, 2);
        await tables.PutAsync(table, "[0:2]", Tensor.Of(TensorShape.Scalar, 7f));
        UpdateAnswer erased = await tables.WriteAsync(table, RowWriteKind.Erase, "[ids]", null, ("ids", Tensor.Of(TensorShape.Of(3), 1L, 1, 5)));
        var request = new LookupRequest { Subscript = SubscriptParser.Parse("[ids]"), Tensors = TestTables.Named(("ids", ids)), WithStatus = true, Missing = MissingPolicy.Zeros };

        Lookup lookup = tables.Lookups.Prepare(table, request);
        double[] rows = await TestTables.ReadAsync(lookup);
        var error = await Assert.ThrowsAsync<EmbedStoreException>(() => TestTables.ReadAsync(tables.Lookups.Prepare(table, request with { Missing = null })));

        Assert.Equal(1, erased.RowCount);
        Assert.Equal([7.0, 7, 0, 0, 0, 0], rows);
        Assert.Equal([RowStatus.Found, RowStatus.Erased, RowStatus.NeverWritten], lookup.Statuses.ToArray());
        Assert.Equal(0, lookup.Versions.Span[2]);
        Assert.Equal((ErrorCode.RowNotFound, 1L), (error.Code, (long)error["id"]!));
        Assert.Equal([1L], (long[])error["position"]!);
    }

    [Fact]
    public async Task Prepare_Initializer_GivesTheSameRowBeforeAndAfterARestart()
    {
        await using var tables = new TestTables();
        const string Spec = """{"shape": ["*", 3], "dtype": "F64", "initializer": {"kind": "normal", "seed": 7}}""";
        Table table = await tables.CreateAsync(Spec);
        (string, Tensor) ids = ("ids", Tensor.Of(TensorShape.Of(2), -5L, 1L << 50));
        double[] before = await tables.GetAsync(table, "[ids]", ids);
        await tables.PutAsync(table, "[-5, 1]", Tensor.Of(TensorShape.Scalar, 9f));

        Assert.Empty(await tables.ReopenAsync());
        using TableLease lease = tables.Catalog.Lease("t");
        double[] after = await tables.GetAsync(lease.Table, "[ids]", ids);

        before[1] = 9;
        Assert.Equal(before, after);
    }

    [Fact]
    public async Task Prepare_MoreThanTheLimits_IsRefused()
    {
        await using var tables = new TestTables(new ServingLimits { ResultByteCountMax = 1000, IdCountMax = 10 });
        Table table = await tables.CreateAsync("""{"shape": [1000, 4]}""");
        Table bytes = await tables.CreateAsync("""{"shape": [1000], "dtype": "U8"}""", "bytes");

        Assert.Equal(ErrorCode.ResultTooLarge, (await RefusalAsync(() => tables.GetAsync(table, "[0:63]"))).Code);
        Assert.Equal(ErrorCode.ResultTooLarge, (await RefusalAsync(() => tables.GetAsync(bytes, "[0:126]"))).Code);
        Assert.Equal(ErrorCode.BodyTooLarge, (await RefusalAsync(() => tables.GetAsync(table, "[ids]", ("ids", Tensor.Of(TensorShape.Of(11), new long[11]))))).Code);
        Assert.Equal(ErrorCode.ResultTooLarge, (await RefusalAsync(() => tables.PutAsync(table, "[0:62]", Tensor.Of(TensorShape.Scalar, 1f)))).Code);
        Assert.Equal(250, (await tables.GetAsync(table, "[0:62]")).Length + 2);
    }

    private static async Task StepAsync(
        TestTables tables, Table table, Random random, double[] model, long[] sizes, string text, IReadOnlyDictionary<string, Tensor> tensors, Dialect dialect)
    {
        Subscript subscript = SubscriptParser.Parse(text);
        ReferenceArray selected;
        try
        {
            selected = ReferenceSubscript.Select(subscript, sizes, tensors, dialect);
        }
        catch (ReferenceException)
        {
            return;
        }

        bool accumulate = table.Rows.ElementType != ElementType.I8 && random.Next(3) == 0;
        int[] shape = [.. selected.Shape.Select(size => random.Next(4) == 0 ? 1 : size)];
        var valueShape = TensorShape.Of([.. shape.Select(static size => (long)size)]);
        double[] values = [.. Enumerable.Range(0, (int)valueShape.ElementCount).Select(_ => (double)random.Next(0, 2))];
        long[] from = ReferenceSubscript.Stretch(shape, selected.Shape, dropLeadingOnes: !accumulate)!;
        var update = new UpdateRequest
        {
            Subscript = subscript,
            Tensors = tensors,
            Values = TensorValues.Of(table.Rows.ValueType, valueShape, values),
            Kind = accumulate ? RowWriteKind.Accumulate : RowWriteKind.Assign,
            Dialect = dialect,
        };

        await tables.Updates.ApplyAsync(table, update, CancellationToken.None);
        ReferenceSubscript.Put(model, selected, [.. from.Select(position => values[position])], accumulate);
        double[] read = await TestTables.ReadAsync(tables.Lookups.Prepare(table, new LookupRequest { Subscript = subscript, Tensors = tensors, Dialect = dialect }));

        double tolerance = table.Rows.ScaledByRow ? 1e-6 : 0;
        for (int i = 0; i < selected.Elements.Length; i++)
        {
            double expected = table.Rows.ElementType == ElementType.U8 ? (byte)model[selected.Elements[i]] : model[selected.Elements[i]];
            Assert.True(Math.Abs(expected - read[i]) <= tolerance || IsRounded(table, expected), $"{text} of [{string.Join(", ", sizes)}], element {i}: {read[i]}, expected {expected} ({TestSeed.Hint})");
        }
    }

    /// <summary>A half number counts no further than 256, or 2048.</summary>
    private static bool IsRounded(Table table, double value) => table.Rows.ElementType is ElementType.BF16 or ElementType.F16 && value > 256;

    private static Task<EmbedStoreException> RefusalAsync(Func<Task> action) => Assert.ThrowsAsync<EmbedStoreException>(action);
}
