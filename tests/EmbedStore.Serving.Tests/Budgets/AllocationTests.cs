using EmbedStore.Tensors;

namespace EmbedStore.Serving.Tests.Budgets;

/// <summary>What a read allocates: some kilobytes a request, whatever the number of rows.</summary>
public sealed class AllocationTests
{
    private const int FewIds = 200;
    private const int ManyIds = 40_000;

    /// <summary>One request of any size. Unit: bytes.</summary>
    private const long BudgetByteCount = 8192;

    /// <summary>For requests that are read in runs of 256 KiB, each of which takes some objects. Unit: bytes.</summary>
    private const long BudgetOfRunsByteCount = 2 * BudgetByteCount;

    private const string Resident = """{"shape": [20000, 16], "shards": 2}""";
    private const string Partial = """{"shape": ["*", 16], "shards": 2}""";
    private const string Uncached = """{"shape": ["*", 16], "shards": 2, "ttl": 1000}""";
    private const string Cubic = """{"shape": [100, 200, 16], "shards": 2}""";
    private const string Scaled = """{"shape": [20000, 16], "shards": 2, "dtype": "I8", "scale": "row"}""";

    [Theory]
    [InlineData(Resident, null)]
    [InlineData(Resident, ElementType.F16)]
    [InlineData(Scaled, null)]
    [InlineData(Partial, null)]
    [InlineData(Partial, ElementType.BF16)]
    [InlineData(Uncached, null)]
    public async Task Gather_ManyRows_AllocatesAsForFew(string spec, ElementType? type)
    {
        await using Reads reads = await Reads.OpenAsync(spec);
        await AssertBudgetAsync(async ids =>
        {
            using var memory = new RequestMemory();
            Lookup lookup = reads.Lookups.Prepare(reads.Table, new LookupRequest { Subscript = Reads.Subscript, Tensors = ids, Type = type }, memory);
            await lookup.ReadAsync(0, lookup.EntryCount, reads.Destination.AsMemory(0, (int)lookup.ByteCount), CancellationToken.None);
        });
    }

    [Theory]
    [InlineData(Resident, "[ids, 2:9]")]
    [InlineData(Resident, "[ids, 3]")]
    [InlineData(Resident, "[ids, columns]")]
    [InlineData(Resident, "[negative]")]
    [InlineData(Resident, "[mask]")]
    [InlineData(Resident, "[:count]")]
    [InlineData(Resident, "[:count, None, 1:3]")]
    [InlineData(Cubic, "[matrices, places]")]
    [InlineData(Cubic, "[matrices, 1]")]
    [InlineData(Cubic, "[:, some]")]
    [InlineData(Partial, "[ids, 2:9]")]
    public async Task Gather_AnySubscript_AllocatesAsForFew(string spec, string text)
    {
        await using Reads reads = await Reads.OpenAsync(spec);
        Subscript? subscript = null;
        await AssertBudgetAsync(
            count =>
            {
                subscript = SubscriptParser.Parse(text.Replace("count", $"{count / 2}", StringComparison.Ordinal));
                return TensorsOf(text, count);
            },
            async tensors =>
            {
                using var memory = new RequestMemory();
                Lookup lookup = reads.Lookups.Prepare(reads.Table, new LookupRequest { Subscript = subscript!, Tensors = tensors }, memory);
                await lookup.ReadAsync(0, lookup.EntryCount, reads.Destination.AsMemory(0, (int)lookup.ByteCount), CancellationToken.None);
            });
    }

    [Theory]
    [InlineData("[ids]")]
    [InlineData("[ids, 2:9]")]
    public async Task Gather_ByKey_AllocatesAsForFew(string text)
    {
        await using KeyedReads reads = await KeyedReads.OpenAsync(rowCount: 10_000);
        Subscript subscript = SubscriptParser.Parse(text);
        await AssertBudgetAsync(
            count => TestTables.Named(("ids", Tensor.Of(TensorShape.Of(count), KeyedReads.Keys(count)))),
            async tensors =>
            {
                using var memory = new RequestMemory();
                Lookup lookup = reads.Lookups.Prepare(reads.Table, new LookupRequest { Subscript = subscript, Tensors = tensors }, memory);
                await lookup.ReadAsync(0, lookup.EntryCount, reads.Destination.AsMemory(0, (int)lookup.ByteCount), CancellationToken.None);
            },
            BudgetOfRunsByteCount);
    }

    [Fact]
    public async Task Bag_ByPaddedKey_AllocatesAsForFew()
    {
        await using KeyedReads reads = await KeyedReads.OpenAsync(rowCount: 10_000);
        await AssertBudgetAsync(
            count => TestTables.Named(("ids", KeyedReads.Padded(count)), ("offsets", Tensor.Of(TensorShape.Of(3), 0L, 10, 100))),
            async tensors =>
            {
                using var memory = new RequestMemory();
                await reads.Lookups.PoolAsync(reads.Table, new BagRequest { Tensors = tensors, Mode = PoolingMode.Mean }, memory, CancellationToken.None);
            },
            BudgetOfRunsByteCount);
    }

    [Theory]
    [InlineData(Resident)]
    [InlineData(Partial)]
    [InlineData(Uncached)]
    public async Task Gather_WithStatus_AllocatesAsForFew(string spec)
    {
        await using Reads reads = await Reads.OpenAsync(spec);
        await AssertBudgetAsync(async ids =>
        {
            using var memory = new RequestMemory();
            Lookup lookup = reads.Lookups.Prepare(reads.Table, new LookupRequest { Subscript = Reads.Subscript, Tensors = ids, WithStatus = true }, memory);
            await lookup.ReadAsync(0, lookup.EntryCount, reads.Destination.AsMemory(0, (int)lookup.ByteCount), CancellationToken.None);
        });
    }

    [Theory]
    [InlineData(Resident)]
    [InlineData(Partial)]
    [InlineData(Uncached)]
    public async Task Bag_ManyRows_AllocatesAsForFew(string spec)
    {
        await using Reads reads = await Reads.OpenAsync(spec);
        Tensor offsets = Tensor.Of(TensorShape.Of(3), 0L, 10, 100);
        await AssertBudgetAsync(async ids =>
        {
            using var memory = new RequestMemory();
            ids = new Dictionary<string, Tensor>(ids) { ["offsets"] = offsets };
            await reads.Lookups.PoolAsync(reads.Table, new BagRequest { Tensors = ids, Mode = PoolingMode.Mean }, memory, CancellationToken.None);
        });
    }

    [Theory]
    [InlineData(Resident)]
    [InlineData(Partial)]
    [InlineData(Uncached)]
    public async Task LookUp_ManyRows_AllocatesAsForFew(string spec)
    {
        await using Reads reads = await Reads.OpenAsync(spec);
        await AssertBudgetAsync(async ids =>
        {
            FeatureRequest[] features = [.. Enumerable.Range(0, 2).Select(number => new FeatureRequest { Table = reads.Table, Tensors = ids, Origin = new FeatureOrigin($"features[{number}]", $"f{number}") })];
            using FeatureAnswers answers = await reads.Lookups.LookUpAsync(features, default, CancellationToken.None);
            foreach (FeatureAnswer answer in answers.Features)
            {
                await answer.Rows!.ReadAsync(0, answer.Rows.EntryCount, reads.Destination, CancellationToken.None);
            }
        });
    }

    private static Dictionary<string, Tensor> TensorsOf(string subscript, int count)
    {
        Tensor Integers(int length, Func<int, long> value) => Tensor.Of(TensorShape.Of(length), (long[])[.. Enumerable.Range(0, length).Select(value)]);
        var all = TestTables.Named(
            ("ids", Integers(count, static i => i * 7919L % 20_000)),
            ("negative", Integers(count, static i => -1 - (i % 20_000))),
            ("columns", Integers(count, static i => i % 16)),
            ("matrices", Integers(count, static i => i % 100)),
            ("places", Integers(count, static i => i % 200)),
            ("some", Integers(count / 100, static i => i % 200)),
            ("mask", Tensor.From<byte>(ElementType.Bool, TensorShape.Of(20_000), [.. Enumerable.Range(0, 20_000).Select(i => i < count ? (byte)1 : (byte)0)])));
        return all.Where(pair => subscript.Contains(pair.Key, StringComparison.Ordinal)).ToDictionary();
    }

    private static Task AssertBudgetAsync(Func<IReadOnlyDictionary<string, Tensor>, Task> readAsync) =>
        AssertBudgetAsync(static count => TensorsOf("ids", count), readAsync);

    /// <summary>On one thread: nothing here waits for a disk. The least of several calls, because pools fill with the first and are trimmed now and then.</summary>
    private static async Task AssertBudgetAsync(
        Func<int, IReadOnlyDictionary<string, Tensor>> tensorsOf, Func<IReadOnlyDictionary<string, Tensor>, Task> readAsync, long budgetByteCount = BudgetByteCount)
    {
        foreach (int count in (int[])[FewIds, ManyIds])
        {
            IReadOnlyDictionary<string, Tensor> tensors = tensorsOf(count);
            long least = long.MaxValue;
            for (int round = 0; round < 30; round++)
            {
                long before = GC.GetAllocatedBytesForCurrentThread();
                await readAsync(tensors);
                least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
            }

            Assert.InRange(least, 0, budgetByteCount);
        }
    }

    /// <summary>A table of 10,000 rows in memory, half of what is asked for, with the cache that a server has.</summary>
    private sealed class Reads : IAsyncDisposable
    {
        public static readonly Subscript Subscript = SubscriptParser.Parse("[ids]");

        private readonly Testing.TemporaryFolder _folder = new();
        private readonly TableCatalog _catalog;

        private Reads() => _catalog = TableCatalog.Open(new StorageOptions { Folder = _folder.Path, ReserveByteCount = 0, TableMemoryByteCount = 64 << 20 });

        public LookupPipeline Lookups { get; } = new(new LocalRowCache(), new LocalShardRouter(), new CpuGather(), new ServingLimits());

        public Table Table { get; private set; } = null!;

        public byte[] Destination { get; } = new byte[ManyIds * 16 * sizeof(double)];

        public static async Task<Reads> OpenAsync(string json)
        {
            var reads = new Reads();
            TableSpec spec = TestTables.Spec(json) with { Durability = Shards.Durability.None };
            reads.Table = (await reads._catalog.CreateAsync("t", spec, CancellationToken.None)).Table;
            long[] ids = [.. Enumerable.Range(0, 10_000).Select(static id => (long)id)];
            var updates = new UpdatePipeline(new LocalShardRouter(), new ServingLimits());
            await updates.WriteRowsAsync(reads.Table, new RowList(ids, null), new byte[ids.Length * reads.Table.Rows.ValueByteCount], CancellationToken.None);
            return reads;
        }

        public async ValueTask DisposeAsync()
        {
            await _catalog.DisposeAsync();
            _folder.Dispose();
        }
    }

    /// <summary>A table with string keys.</summary>
    private sealed class KeyedReads : IAsyncDisposable
    {
        private readonly Testing.TemporaryFolder _folder = new();
        private readonly TableCatalog _catalog;

        private KeyedReads() => _catalog = TableCatalog.Open(new StorageOptions { Folder = _folder.Path, ReserveByteCount = 0, TableMemoryByteCount = 64 << 20 });

        public LookupPipeline Lookups { get; } = new(new LocalRowCache(), new LocalShardRouter(), new CpuGather(), new ServingLimits());

        public Table Table { get; private set; } = null!;

        public byte[] Destination { get; } = new byte[ManyIds * 16 * sizeof(float)];

        public static RowKeys Keys(int count) => RowKeys.Of([.. Enumerable.Range(0, count).Select(static i => $"key {i}")]);

        public static Tensor Padded(int count)
        {
            RowKeys keys = Keys(count);
            byte[] padded = new byte[count * keys.ByteCountMax];
            keys.CopyPadded(0, padded, keys.ByteCountMax);
            return new Tensor(ElementType.U8, TensorShape.Of(count, keys.ByteCountMax), padded);
        }

        public static async Task<KeyedReads> OpenAsync(int rowCount)
        {
            var reads = new KeyedReads();
            TableSpec spec = TestTables.Spec("""{"shape": ["*", 16], "shards": 2, "key": "string"}""") with { Durability = Shards.Durability.None };
            reads.Table = (await reads._catalog.CreateAsync("t", spec, CancellationToken.None)).Table;
            var updates = new UpdatePipeline(new LocalShardRouter(), new ServingLimits());
            await updates.WriteRowsAsync(reads.Table, RowList.Of(Keys(rowCount)), new byte[rowCount * reads.Table.Rows.ValueByteCount], CancellationToken.None);
            return reads;
        }

        public async ValueTask DisposeAsync()
        {
            await _catalog.DisposeAsync();
            _folder.Dispose();
        }
    }
}
