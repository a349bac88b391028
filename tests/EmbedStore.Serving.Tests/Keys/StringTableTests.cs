using System.Runtime.InteropServices;
using System.Text;
using EmbedStore.Shards;
using EmbedStore.Tensors;
using EmbedStore.Testing;

namespace EmbedStore.Serving.Tests.Keys;

/// <summary>Tables whose rows have strings as keys, over real shards.</summary>
public class StringTableTests
{
    private const int Width = 3;
    private const string Spec = """{"shape": ["*", 3], "key": "string", "shards": 3, "dtype": "F64", "initializer": {"kind": "uniform", "low": -1, "high": 1, "seed": 4}, "optimizer": {"kind": "sgd", "lr": 0.5}}""";

    [Fact]
    public async Task Table_RandomCallsAndReopenings_DoesWhatADictionaryDoes()
    {
        var random = new Random(TestSeed.Current);
        var model = new Dictionary<string, double[]>();
        await using var tables = new TestTables();
        Table table = await tables.CreateAsync(Spec);
        for (int step = 0; step < 150; step++)
        {
            string[] keys = [.. Enumerable.Range(0, random.Next(1, 30)).Select(_ => KeyOf(random.Next(120)))];
            if (step % 30 == 29)
            {
                Assert.Empty(await tables.ReopenAsync());
                table = tables.Catalog.Tables.Single();
            }

            await StepAsync(tables, table, random, model, keys);
            double[] expected = [.. keys.SelectMany(key => RowOf(table, model, key))];
            double[] actual = await tables.GetAsync(table, "[ids]", Ids(keys));
            Assert.True(expected.AsSpan().SequenceEqual(actual), $"step {step}, {TestSeed.Hint}");
        }

        Assert.Equal(model.Count, table.RowCount);
        Assert.True(table.Shards.All(static slot => slot.Opened?.RowCount > 0), "Every shard has rows.");
    }

    [Fact]
    public async Task Gather_EveryFormOfIds_ReadsTheSameRows()
    {
        await using var tables = new TestTables();
        Table table = await tables.CreateAsync("""{"shape": ["*", 2], "key": "string", "shards": 3}""");
        await tables.PutAsync(table, "[ids]", Tensor.Of(TensorShape.Of(3, 2), 1f, 2, 3, 4, 5, 6), Ids("a", "Zürich", "NaN"));
        byte[] padded = [.. "a".PadRight(8, '\0').Select(static c => (byte)c), .. Encoding.UTF8.GetBytes("Zürich\0")];

        Assert.Equal(new double[] { 1.0, 2, 3, 4 }, await tables.GetAsync(table, "[ids]", ("ids", new Tensor(ElementType.U8, TensorShape.Of(2, 8), padded))));
        Assert.Equal(new double[] { 1.0, 2 }, await tables.GetAsync(table, "[ids]", ("ids", new Tensor(ElementType.U8, TensorShape.Of(8), padded.AsMemory(0, 8)))));
        Assert.Equal(new double[] { 5.0, 6 }, await tables.GetAsync(table, "[ids]", ("ids", JsonTensorReader.Read("""{"tensors": {"t": ["NaN"]}}"""u8.ToArray()).Tensors["t"])));
        Assert.Empty(await tables.GetAsync(table, "[ids]", ("ids", JsonTensorReader.Read("""{"tensors": {"t": []}}"""u8.ToArray()).Tensors["t"])));
        Assert.Equal(new double[] { 4.0, 3, 2, 1 }, await tables.GetAsync(table, "[ids, cols]", ("ids", KeyTensor(TensorShape.Of(2, 1), "Zürich", "a")), ("cols", Tensor.Of(TensorShape.Of(2), 1L, 0))));
    }

    [Theory]
    [InlineData(PoolingMode.Sum)]
    [InlineData(PoolingMode.Mean)]
    [InlineData(PoolingMode.Max)]
    public async Task Pool_Strings_GivesWhatTheirRowsGive(PoolingMode mode)
    {
        await using var tables = new TestTables();
        Table words = await tables.CreateAsync("""{"shape": ["*", 2], "key": "string", "shards": 3}""");
        Table numbers = await tables.CreateAsync("""{"shape": ["*", 2]}""", "numbers");
        Tensor rows = Tensor.Of(TensorShape.Of(3, 2), 1f, 2, 3, 4, 5, 6);
        await tables.PutAsync(words, "[ids]", rows, Ids("a", "b", "c"));
        await tables.PutAsync(numbers, "[ids]", rows, ("ids", Tensor.Of(TensorShape.Of(3), 1L, 2, 3)));

        BagAnswer byKey = await PoolAsync(tables, words, mode, KeyTensor(TensorShape.Of(5), "c", "a", "b", "never", "c"));
        BagAnswer byId = await PoolAsync(tables, numbers, mode, Tensor.Of(TensorShape.Of(5), 3L, 1, 2, 99, 3));

        Assert.Equal(byId.Rows.Data.ToArray(), byKey.Rows.Data.ToArray());
    }

    [Fact]
    public async Task Read_MissingKeyWhereThatIsAnError_NamesIt()
    {
        await using var tables = new TestTables();
        Table table = await tables.CreateAsync("""{"shape": ["*", 2], "key": "string", "missing": "error"}""");
        await tables.PutAsync(table, "[ids]", Tensor.Of(TensorShape.Scalar, 1f), Ids("here"));

        var gathered = await Assert.ThrowsAsync<EmbedStoreException>(() => tables.GetAsync(table, "[ids]", Ids("here", "gone", "lost")));
        var pooled = await Assert.ThrowsAsync<EmbedStoreException>(() => PoolAsync(tables, table, PoolingMode.Sum, KeyTensor(TensorShape.Of(5), "here", "here", "here", "gone", "lost")));

        Assert.Equal((ErrorCode.RowNotFound, "gone"), (gathered.Code, gathered["id"]));
        Assert.Equal((ErrorCode.RowNotFound, "gone"), (pooled.Code, pooled["id"]));
        Assert.Equal([3L], (long[])pooled["position"]!);
    }

    /// <summary>A tensor of very many keys of no byte each is refused before anything is made for them.</summary>
    [Fact]
    public async Task Prepare_MoreKeysThanAllowed_IsRefused()
    {
        await using var tables = new TestTables(new ServingLimits { IdCountMax = 4 });
        Table table = await tables.CreateAsync("""{"shape": ["*", 2], "key": "string"}""");

        foreach (Tensor ids in (Tensor[])[KeyTensor(TensorShape.Of(5), "a", "b", "c", "d", "e"), new(ElementType.U8, TensorShape.Of(5, 2), new byte[10]), new(ElementType.U8, TensorShape.Of(1L << 40, 0), default)])
        {
            var gather = await Assert.ThrowsAsync<EmbedStoreException>(() => tables.GetAsync(table, "[ids]", ("ids", ids)));
            var bag = await Assert.ThrowsAsync<EmbedStoreException>(() => PoolAsync(tables, table, PoolingMode.Sum, ids));
            Assert.Equal((ErrorCode.BodyTooLarge, ErrorCode.BodyTooLarge), (gather.Code, bag.Code));
        }

        await tables.GetAsync(table, "[ids]", ("ids", new Tensor(ElementType.U8, TensorShape.Of(4, 100), Enumerable.Repeat((byte)'x', 400).ToArray())));
    }

    /// <summary>Short keys that many columns repeat would not fit a record of the log: an answer, not a fault.</summary>
    [Fact]
    public async Task Prepare_KeysThatTogetherAreTooLarge_IsRefused()
    {
        await using var tables = new TestTables(new ServingLimits { ResultByteCountMax = 100_000 });
        Table table = await tables.CreateAsync("""{"shape": ["*", 200], "key": "string"}""");
        (string, Tensor) ids = ("ids", KeyTensor(TensorShape.Of(4, 1), [.. Enumerable.Range(0, 4).Select(static i => new string('x', 500) + i)]));
        (string, Tensor) columns = ("cols", Tensor.Of(TensorShape.Of(100), [.. Enumerable.Range(0, 100).Select(static i => (long)i)]));

        var error = await Assert.ThrowsAsync<EmbedStoreException>(() => tables.PutAsync(table, "[ids, cols]", Tensor.Of(TensorShape.Scalar, 1f), ids, columns));

        Assert.Equal(ErrorCode.ResultTooLarge, error.Code);
        Assert.Equal(0, table.RowCount);
    }

    [Fact]
    public async Task Erase_KeysThatNobodyWrote_MakesNoneKnown()
    {
        await using var tables = new TestTables();
        Table table = await tables.CreateAsync(Spec);
        UpdateAnswer erased = await tables.WriteAsync(table, RowWriteKind.Erase, "[ids]", null, Ids("never", "was"));

        Assert.Equal((0, 0), (erased.RowCount, table.RowCount));
        Assert.Equal(0, table.Shards.Sum(static slot => slot.Opened?.Statistics.KeyCount ?? 0));
    }

    /// <summary>Rows go to the shards of their keys' hashes, and their keys go with them.</summary>
    [Theory]
    [InlineData(null)]
    [InlineData(1)]
    [InlineData(7)]
    public async Task Restore_ToAnyNumberOfShards_FindsEveryRowByItsKey(int? shards)
    {
        await using var tables = new TestTables();
        var storage = new StorageOptions { Folder = tables.Folder, ReserveByteCount = 0, TableMemoryByteCount = 1 << 20 };
        Table table = await tables.CreateAsync(Spec);
        string[] keys = [.. Enumerable.Range(0, 200).Select(KeyOf)];
        await tables.PutAsync(table, "[ids]", Numbers(keys.Length, 1), Ids(keys));
        await tables.WriteAsync(table, RowWriteKind.Erase, "[ids]", null, Ids(keys[..20]));
        TableSnapshot snapshot = await new TableSnapshots(tables.Catalog, new LocalSnapshotShards(), storage).TakeAsync(table, CancellationToken.None);
        await tables.PutAsync(table, "[ids]", Numbers(keys.Length, 2), Ids(keys));

        await new TableRestorer(tables.Catalog, new LocalShardRouter(), storage).RestoreAsync("t", snapshot.Id, shards, CancellationToken.None);
        table = tables.Catalog.Tables.Single();
        await tables.WriteAsync(table, RowWriteKind.Accumulate, "[ids]", Numbers(50, 1), Ids(keys[150..]));
        Assert.Empty(await tables.ReopenAsync());
        table = tables.Catalog.Tables.Single();

        Assert.Equal((shards ?? 3, 180L), (table.Shards.Count, table.RowCount));
        double[] rows = await tables.GetAsync(table, "[ids, 0]", Ids(keys[20..]));
        Assert.Equal(Enumerable.Range(20, 180).Select(static i => i < 150 ? (double)i : i + i - 150), rows);
        Assert.Equal(180, (await ExportedKeys(tables, table)).Distinct().Count());
    }

    [Fact]
    public async Task Capacity_MoreKeysThanRows_KeepsTheNewestUnderTheirKeys()
    {
        await using var tables = new TestTables();
        Table table = await tables.CreateAsync("""{"shape": ["*", 3], "key": "string", "shards": 3, "dtype": "F64", "capacity": {"rows": 60, "evict": "lru"}}""");
        string[] keys = [.. Enumerable.Range(0, 300).Select(KeyOf)];
        for (int first = 0; first < keys.Length; first += 10)
        {
            await tables.PutAsync(table, "[ids]", Numbers(10, 1), Ids(keys[first..(first + 10)]));
        }

        Assert.InRange(table.RowCount, 30, 60);
        string[] kept = await ExportedKeys(tables, table);
        Assert.Subset(keys[240..].ToHashSet(), kept.ToHashSet());
        double[] rows = await tables.GetAsync(table, "[ids, 0]", Ids(kept));
        Assert.Equal(kept.Select(key => (double)(Array.IndexOf(keys, key) % 10)), rows);
    }

    /// <summary>Row i holds <c>i × factor</c>.</summary>
    private static Tensor Numbers(int count, double factor) =>
        Tensor.From<double>(ElementType.F64, TensorShape.Of(count, Width), Enumerable.Range(0, count * Width).Select(i => i / Width * factor).ToArray());

    private static async Task<string[]> ExportedKeys(TestTables tables, Table table)
    {
        TableExport export = await tables.Lookups.ExportAsync(table, null, default);
        byte[] padded = new byte[export.Shape[0] * export.KeyByteCountMax];
        export.CopyKeys(0, padded);
        await export.ReadAsync(0, (int)export.Shape[0], new byte[export.Shape[0] * export.RowByteCount], CancellationToken.None);
        var keys = RowKeys.OfPadded(padded, export.KeyByteCountMax);
        return [.. Enumerable.Range(0, keys.Count).Select(keys.TextOf)];
    }

    private static async Task StepAsync(TestTables tables, Table table, Random random, Dictionary<string, double[]> model, string[] keys)
    {
        RowWriteKind kind = (RowWriteKind)random.Next(1, 5);
        double[] values = [.. Enumerable.Range(0, keys.Length * Width).Select(_ => (double)random.Next(-8, 8))];
        Tensor? tensor = kind == RowWriteKind.Erase ? null : Tensor.From<double>(ElementType.F64, TensorShape.Of(keys.Length, Width), values);
        await tables.WriteAsync(table, kind, "[ids]", tensor, Ids(keys));
        if (kind == RowWriteKind.Erase)
        {
            Array.ForEach(keys, key => model.Remove(key));
            return;
        }

        foreach (string key in keys.Distinct())
        {
            double[] row = model[key] = RowOf(table, model, key);
            int[] places = [.. Enumerable.Range(0, keys.Length).Where(i => keys[i] == key)];
            for (int column = 0; column < Width; column++)
            {
                double sum = 0, last = 0;
                foreach (int place in places)
                {
                    last = values[(place * Width) + column];
                    sum += last;
                    row[column] += kind == RowWriteKind.Accumulate ? last : 0;
                }

                row[column] = kind switch { RowWriteKind.Assign => last, RowWriteKind.Apply => row[column] - (0.5 * sum), _ => row[column] };
            }
        }
    }

    private static double[] RowOf(Table table, Dictionary<string, double[]> model, string key)
    {
        if (model.TryGetValue(key, out double[]? row))
        {
            return row;
        }

        row = new double[Width];
        table.Rows.FillInitial(KeyHash.Of(Encoding.UTF8.GetBytes(key)), MemoryMarshal.AsBytes(row.AsSpan()));
        return row;
    }

    private static string KeyOf(int number) => number % 5 == 0 ? $"straße {number}" : $"key/{number}{new string('x', number)}";

    private static (string, Tensor) Ids(params string[] keys) => ("ids", KeyTensor(TensorShape.Of(keys.Length), keys));

    private static Tensor KeyTensor(TensorShape shape, params string[] keys) => Tensor.Of(shape, RowKeys.Of(keys));

    private static async Task<BagAnswer> PoolAsync(TestTables tables, Table table, PoolingMode mode, Tensor ids) => await tables.Lookups.PoolAsync(
        table, new BagRequest { Tensors = TestTables.Named(("ids", ids), ("offsets", Tensor.Of(TensorShape.Of(3), 0L, 2, 2))), Mode = mode }, new RequestMemory(), CancellationToken.None);
}
