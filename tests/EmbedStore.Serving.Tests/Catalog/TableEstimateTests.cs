using System.Runtime.InteropServices;
using EmbedStore.Tensors;
using Xunit.Abstractions;

namespace EmbedStore.Serving.Tests.Catalog;

/// <summary>What is estimated is what a table takes once it is filled.</summary>
public sealed class TableEstimateTests(ITestOutputHelper output)
{
    private const double Tolerance = 0.05;

    /// <summary>Resident and not, narrow and wide, whole and half full, in memory and far beyond it, with state, with a scale.</summary>
    [Theory]
    [InlineData("""{"shape": [100000, 16], "shards": 2}""", 100_000, 64)]
    [InlineData("""{"shape": [100000, 16], "shards": 2}""", 50_000, 64)]
    [InlineData("""{"shape": [200000], "dtype": "F64", "shards": 4}""", 200_000, 64)]
    [InlineData("""{"shape": [20000, 64], "dtype": "I8", "scale": "row", "shards": 1}""", 20_000, 64)]
    [InlineData("""{"shape": ["*", 32], "shards": 2}""", 60_000, 64)]
    [InlineData("""{"shape": ["*", 64], "dtype": "F16", "shards": 1, "optimizer": {"kind": "adagrad"} }""", 60_000, 16)]
    [InlineData("""{"shape": [100000, 64], "shards": 3}""", 100_000, 16)]
    [InlineData("""{"shape": ["*", 4000], "shards": 2}""", 3_000, 32)]
    [InlineData("""{"shape": ["*", 8], "shards": 2, "capacity": {"rows": 100000} }""", 50_000, 64)]
    public async Task Of_TableThatIsThenFilled_IsWithinFivePercent(string json, int rowCount, int memoryMiB)
    {
        using var folder = new Testing.TemporaryFolder();
        var storage = new StorageOptions { Folder = folder.Path, ReserveByteCount = 0, TableMemoryByteCount = (long)memoryMiB << 20 };
        await using TableCatalog catalog = TableCatalog.Open(storage);
        var snapshots = new TableSnapshots(catalog, new LocalSnapshotShards(), storage);
        TableSpec spec = TestTables.Spec(json) with { Durability = Shards.Durability.None };
        Table table = (await catalog.CreateAsync("t", spec, CancellationToken.None)).Table;
        await FillAsync(table, rowCount);
        TableBytes filled = TableBytes.Of(table, 0);
        for (int i = 0; i < TableSnapshots.KeptCount; i++)
        {
            await snapshots.TakeAsync(table, CancellationToken.None);
        }

        TableBytes actual = filled with { Snapshots = snapshots.List(table).Sum(static snapshot => snapshot.ByteCount) };
        TableBytes estimated = TableEstimate.Of(spec, rowCount, storage).Bytes;

        output.WriteLine($"{estimated}\n{actual}");
        Assert.Equal(actual.RowCache, estimated.RowCache);
        Assert.Equal(actual.Index, estimated.Index);
        AssertClose(actual.Memory, estimated.Memory, "memory");
        AssertClose(actual.Vocabulary, estimated.Vocabulary, "vocabulary");
        AssertClose(actual.Disk, estimated.Disk, "disk");
        AssertClose(actual.Log, estimated.Log, "log");
        AssertClose(actual.Snapshots, estimated.Snapshots, "snapshots");
        AssertClose(actual.Rows, estimated.Rows, "rows");
        AssertClose(FileBytes(folder.Path, "*.rows"), estimated.Snapshots, "snapshot files");
    }

    [Theory]
    [InlineData("""{"shape": [10, 4]}""", 11L)]
    [InlineData("""{"shape": [10, 4]}""", -1L)]
    [InlineData("""{"shape": ["*", 4]}""", null)]
    [InlineData("""{"shape": ["*", 4]}""", TableEstimate.RowCountMax + 1)]
    [InlineData("""{"shape": [9223372036854775807]}""", null)]
    public void Of_RowsOutsideTheTable_AreRefused(string json, long? rowCount)
    {
        var error = Assert.Throws<EmbedStoreException>(() => TableEstimate.Of(TestTables.Spec(json), rowCount, new StorageOptions { Folder = "none" }));
        Assert.Equal((ErrorCode.InvalidParameter, "rows"), (error.Code, (string)error["parameter"]!));
    }

    [Fact]
    public void Of_NoRows_IsNothing() => Assert.Equal(default, TableEstimate.Of(TestTables.Spec("""{"shape": ["*", 4]}"""), 0, new StorageOptions { Folder = "none" }).Bytes);

    private static async Task FillAsync(Table table, int rowCount)
    {
        var updates = new UpdatePipeline(new LocalShardRouter(), new ServingLimits());
        for (int first = 0; first < rowCount; first += 5000)
        {
            long[] ids = [.. Enumerable.Range(first, Math.Min(5000, rowCount - first)).Select(static id => (long)id)];
            float[] values = new float[ids.Length * table.Rows.Width];
            byte[] bytes = new byte[ids.Length * table.Rows.ValueByteCount];
            ElementConverter.Convert(MemoryMarshal.AsBytes(values.AsSpan()), ElementType.F32, bytes, table.Rows.ValueType);
            await updates.WriteRowsAsync(table, new RowList(ids, null), bytes, CancellationToken.None);
        }
    }

    private static long FileBytes(string folder, string pattern) => Directory.GetFiles(folder, pattern, SearchOption.AllDirectories).Sum(static file => new FileInfo(file).Length);

    private static void AssertClose(long actual, long estimated, string tier) =>
        Assert.True(Math.Abs(estimated - actual) <= actual * Tolerance, $"{tier}: estimated {estimated}, is {actual}");
}
