using System.Runtime.InteropServices;
using EmbedStore.Shards;
using EmbedStore.Tensors;
using EmbedStore.Testing;

namespace EmbedStore.Serving.Tests.Gather;

/// <summary>Reads that several threads share answer bit for bit as one thread does.</summary>
public sealed class SharedReadTests : IAsyncDisposable
{
    private const int RowCount = 5_000;
    private const int Width = 16;
    private const int IdCount = 40_000;

    /// <summary>Every 7th row is never written.</summary>
    private const int MissingStep = 7;

    private readonly TemporaryFolder _folder = new();
    private readonly Random _random = new(TestSeed.Current);
    private readonly TableCatalog _catalog;

    public SharedReadTests() =>
        _catalog = TableCatalog.Open(new StorageOptions { Folder = _folder.Path, ReserveByteCount = 0, TableMemoryByteCount = 64 << 20 });

    public async ValueTask DisposeAsync()
    {
        await _catalog.DisposeAsync();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("[ids]", "F32", null)]
    [InlineData("[ids]", "F32", ElementType.F16)]
    [InlineData("[ids]", "F64", ElementType.BF16)]
    [InlineData("[ids]", "I8", null)]
    [InlineData("[ids, 3:9:2]", "F32", null)]
    [InlineData("[ids, columns]", "F32", null)]
    public async Task Gather_OnManyThreads_AnswersAsOnOne(string subscript, string type, ElementType? answer)
    {
        Table table = await CreateAsync(type, missing: "initialize");
        var request = new LookupRequest { Subscript = SubscriptParser.Parse(subscript), Tensors = Tensors(subscript), Type = answer, WithStatus = true };

        Answer alone = await ReadAsync(table, request, coreCount: 1);
        Answer shared = await ReadAsync(table, request, coreCount: 4);

        Assert.Equal(alone.Elements, shared.Elements);
        Assert.Equal(alone.Lookup.Statuses.ToArray(), shared.Lookup.Statuses.ToArray());
        Assert.Equal(alone.Lookup.Versions.ToArray(), shared.Lookup.Versions.ToArray());
        Assert.Contains(RowStatus.NeverWritten, shared.Lookup.Statuses.ToArray());
    }

    [Fact]
    public async Task Gather_RowsMissingInManyParts_NamesTheFirst()
    {
        Table table = await CreateAsync("F32", missing: "error");
        long[] ids = [.. Enumerable.Range(0, IdCount).Select(static i => i < 12_345 ? 1L : MissingStep)];
        var request = new LookupRequest { Subscript = SubscriptParser.Parse("[ids]"), Tensors = TestTables.Named(("ids", Tensor.Of(TensorShape.Of(IdCount), ids))) };

        var error = await Assert.ThrowsAsync<EmbedStoreException>(() => ReadAsync(table, request, coreCount: 4));

        Assert.Equal(ErrorCode.RowNotFound, error.Code);
        Assert.Equal(new long[] { 12_345 }, error["position"]);
    }

    [Theory]
    [InlineData(PoolingMode.Sum)]
    [InlineData(PoolingMode.Mean)]
    [InlineData(PoolingMode.Max)]
    public async Task Bag_OnManyThreads_AnswersAsOnOne(PoolingMode mode)
    {
        Table table = await CreateAsync("F32", missing: "zeros");

        // Many small bags, some empty, and one that is larger than a part.
        long[] offsets = [0, 0, .. Enumerable.Range(1, 500).Select(static bag => (long)bag * bag / 20), 35_000, 40_000, 40_000];
        var request = new BagRequest { Tensors = TestTables.Named(("ids", Ids()), ("offsets", Tensor.Of(TensorShape.Of(offsets.Length), offsets))), Mode = mode };

        byte[] alone = await PoolAsync(table, request, coreCount: 1);
        byte[] shared = await PoolAsync(table, request, coreCount: 4);

        Assert.Equal(alone, shared);
        Assert.Contains(shared, static value => value != 0);
    }

    [Fact]
    public async Task Bag_RowsMissingInManyParts_NamesTheFirst()
    {
        Table table = await CreateAsync("F32", missing: "error");
        long[] ids = [.. Enumerable.Range(0, IdCount).Select(static i => i < 23_456 ? 1L : MissingStep)];
        var request = new BagRequest { Tensors = TestTables.Named(("ids", Tensor.Of(TensorShape.Of(IdCount / 10, 10), ids))) };

        var error = await Assert.ThrowsAsync<EmbedStoreException>(() => PoolAsync(table, request, coreCount: 4));

        Assert.Equal(ErrorCode.RowNotFound, error.Code);
        Assert.Equal(new long[] { 2345, 6 }, error["position"]);
    }

    private static LookupPipeline Pipeline(int coreCount) => new(new LocalRowCache(), new LocalShardRouter(), new CpuGather(), new ServingLimits(), coreCount: coreCount);

    private static async Task<Answer> ReadAsync(Table table, LookupRequest request, int coreCount)
    {
        Lookup lookup = Pipeline(coreCount).Prepare(table, request);
        byte[] elements = new byte[lookup.ByteCount];
        await lookup.ReadAsync(0, lookup.EntryCount, elements, CancellationToken.None);
        return new Answer(lookup, elements);
    }

    private static async Task<byte[]> PoolAsync(Table table, BagRequest request, int coreCount)
    {
        using var memory = new RequestMemory();
        return (await Pipeline(coreCount).PoolAsync(table, request, memory, CancellationToken.None)).Rows.Data.ToArray();
    }

    private Dictionary<string, Tensor> Tensors(string subscript) =>
        subscript.Contains("columns", StringComparison.Ordinal)
            ? TestTables.Named(("ids", Ids()), ("columns", Tensor.Of(TensorShape.Of(IdCount), (long[])[.. Enumerable.Range(0, IdCount).Select(_ => (long)_random.Next(Width))])))
            : TestTables.Named(("ids", Ids()));

    private Tensor Ids() => Tensor.Of(TensorShape.Of(IdCount), (long[])[.. Enumerable.Range(0, IdCount).Select(_ => _random.NextInt64(RowCount))]);

    private async Task<Table> CreateAsync(string type, string missing)
    {
        string scale = type == "I8" ? ", \"scale\": \"row\"" : "";
        string json = $$"""{"shape": [{{RowCount}}, {{Width}}], "dtype": "{{type}}", "missing": "{{missing}}", "initializer": {"kind": "uniform", "low": -1, "high": 1}{{scale}}}""";
        Table table = (await _catalog.CreateAsync("t", TestTables.Spec(json) with { Durability = Durability.None }, CancellationToken.None)).Table;
        long[] ids = [.. Enumerable.Range(0, RowCount).Where(static id => id % MissingStep != 0).Select(static id => (long)id)];
        float[] values = [.. Enumerable.Range(0, ids.Length * Width).Select(_ => _random.NextSingle() - 0.5f)];
        byte[] rows = new byte[ids.Length * table.Rows.ValueByteCount];
        ElementConverter.Convert(MemoryMarshal.AsBytes(values.AsSpan()), ElementType.F32, rows, table.Rows.ValueType);
        await new UpdatePipeline(new LocalShardRouter(), new ServingLimits()).WriteRowsAsync(table, new RowList(ids, null), rows, CancellationToken.None);
        Assert.NotNull(table.Resident);
        return table;
    }

    private sealed record Answer(Lookup Lookup, byte[] Elements);
}
