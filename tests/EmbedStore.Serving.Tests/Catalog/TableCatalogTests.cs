using System.Text;
using EmbedStore.Shards;
using EmbedStore.Tensors;

namespace EmbedStore.Serving.Tests.Catalog;

public class TableCatalogTests
{
    [Fact]
    public async Task Create_AgainEqualOrNot_IsTheSameTableOrRefused()
    {
        await using var tables = new TestTables();
        Table table = await tables.CreateAsync("""{"shape": [4, 2]}""");

        (Table same, bool isNew) = await tables.Catalog.CreateAsync("t", TestTables.Spec("""{"shape": [4, 2], "dtype": "F32"}"""), CancellationToken.None);
        var error = await Assert.ThrowsAsync<EmbedStoreException>(() => tables.CreateAsync("""{"shape": [5, 2], "shards": 3}"""));

        Assert.Same(table, same);
        Assert.False(isNew);
        Assert.Equal(ErrorCode.TableExists, error.Code);
        Assert.Equal(["shape", "shards"], (IReadOnlyList<string>)error["differs"]!);
    }

    [Theory]
    [InlineData("")]
    [InlineData(".a")]
    [InlineData("../a")]
    [InlineData("a/b")]
    [InlineData("a\n")]
    [InlineData("é")]
    public async Task Create_BadName_IsRefused(string name)
    {
        await using var tables = new TestTables();

        var error = await Assert.ThrowsAsync<EmbedStoreException>(() => tables.CreateAsync("""{"shape": [4]}""", name));

        Assert.Equal((ErrorCode.InvalidParameter, "table"), (error.Code, error["parameter"]));
        Assert.Empty(tables.Catalog.Tables);
    }

    [Fact]
    public async Task Open_AfterACrashInCreateOrDrop_ClearsWhatIsLeft()
    {
        await using var tables = new TestTables();
        await tables.CreateAsync("""{"shape": [4]}""", "kept");
        string leftover = Path.Combine(tables.Folder, "tables", "000007", "generation-0001", "shard-0000");
        string scratch = Path.Combine(tables.Folder, "scratch", "000007");
        Directory.CreateDirectory(leftover);
        Directory.CreateDirectory(scratch);

        await tables.ReopenAsync();
        Table next = await tables.CreateAsync("""{"shape": [4]}""", "next");

        Assert.False(Directory.Exists(leftover) || Directory.Exists(scratch));
        Assert.Equal(["kept", "next"], tables.Catalog.Tables.Select(static table => table.Name));
        Assert.Equal(8, next.Id);
    }

    [Theory]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("""{"name": null, "spec": {"shape": [4]}}""")]
    [InlineData("""{"name": "../x", "spec": {"shape": [4]}}""")]
    [InlineData("""{"name": "x", "spec": {"shape": [4], "shape": [4]}}""")]
    [InlineData("""{"name": "x", "spec": {"shape": [0]}}""")]
    public async Task Open_DamagedTableFile_IsRefusedByItsPathAndLeftAlone(string content)
    {
        await using var tables = new TestTables();
        await tables.CreateAsync("""{"shape": [4]}""");
        string file = Path.Combine(tables.Folder, "tables", "000001", "table.json");
        await File.WriteAllTextAsync(file, content);

        var error = Assert.Throws<CatalogException>(() => TableCatalog.Open(new StorageOptions { Folder = tables.Folder }));

        Assert.Contains(file, error.Message, StringComparison.Ordinal);
        Assert.Equal(content, await File.ReadAllTextAsync(file));
    }

    /// <summary>Any byte, for a digit of a size that becomes another digit would be a table of another size.</summary>
    [Theory]
    [InlineData("tables/000001/table.json")]
    [InlineData("format.json")]
    public async Task Open_AnyByteOfAFileChanged_IsRefusedByItsPath(string name)
    {
        await using var tables = new TestTables();
        await tables.CreateAsync("""{"shape": [400, 2], "shards": 3}""");
        string file = Path.Combine(tables.Folder, name);
        byte[] whole = await File.ReadAllBytesAsync(file);
        for (int at = 0; at < whole.Length; at++)
        {
            byte[] damaged = [.. whole];
            damaged[at] ^= (byte)(1 << (at % 8));
            await AssertRefusedAsync(tables, file, damaged);
        }
    }

    /// <summary>But for one cut, right before the checksum line: there all is whole.</summary>
    [Theory]
    [InlineData("tables/000001/table.json")]
    [InlineData("format.json")]
    public async Task Open_FileCutAtAnyByte_IsRefusedByItsPath(string name)
    {
        await using var tables = new TestTables();
        await tables.CreateAsync("""{"shape": [400, 2], "shards": 3}""");
        string file = Path.Combine(tables.Folder, name);
        byte[] whole = await File.ReadAllBytesAsync(file);
        ChecksumLine.TryRemove(whole, out ReadOnlyMemory<byte> text);
        int textLength = Encoding.UTF8.GetString(text.Span).TrimEnd().Length;
        foreach (int cut in Enumerable.Range(0, whole.Length).Where(cut => cut < textLength || cut > text.Length))
        {
            await AssertRefusedAsync(tables, file, whole[..cut]);
        }
    }

    /// <summary>As builds wrote them that knew no checksum line.</summary>
    [Theory]
    [InlineData("tables/000001/table.json")]
    [InlineData("format.json")]
    public async Task Open_FileWithoutChecksumLine_IsRead(string name)
    {
        await using var tables = new TestTables();
        await tables.CreateAsync("""{"shape": [400, 2], "shards": 3}""");
        string file = Path.Combine(tables.Folder, name);
        Assert.True(ChecksumLine.TryRemove(await File.ReadAllBytesAsync(file), out ReadOnlyMemory<byte> text));
        await File.WriteAllBytesAsync(file, text);
        await tables.Catalog.DisposeAsync();

        await using var catalog = TableCatalog.Open(new StorageOptions { Folder = tables.Folder });
        using TableLease lease = catalog.Lease("t");
        Assert.Equal([400, 2], lease.Table.Spec.Sizes);
    }

    [Fact]
    public async Task Open_NewerFormat_IsRefusedAndLeftAlone()
    {
        await using var tables = new TestTables();
        string file = Path.Combine(tables.Folder, "format.json");
        await File.WriteAllTextAsync(file, """{"format": 2}""");
        Directory.CreateDirectory(Path.Combine(tables.Folder, "tables", "000003"));

        Assert.Throws<CatalogException>(() => TableCatalog.Open(new StorageOptions { Folder = tables.Folder }));

        Assert.Equal("""{"format": 2}""", await File.ReadAllTextAsync(file));
        Assert.True(Directory.Exists(Path.Combine(tables.Folder, "tables", "000003")));
    }

    [Fact]
    public async Task Drop_WhileLeased_WaitsForTheLeaseAndThenClearsTheFiles()
    {
        await using var tables = new TestTables();
        Table table = await tables.CreateAsync("""{"shape": [4]}""");
        await tables.PutAsync(table, "[:]", Tensor.Of(TensorShape.Scalar, 1f));
        TableLease lease = tables.Catalog.Lease("t");

        Task dropped = tables.Catalog.DropAsync("t", CancellationToken.None);

        Assert.Equal(ErrorCode.TableNotFound, Assert.Throws<EmbedStoreException>(() => tables.Catalog.Lease("t")).Code);
        Assert.Equal(new[] { 1.0, 1, 1, 1 }, await tables.GetAsync(lease.Table, "[:]"));
        Assert.False(dropped.IsCompleted);
        lease.Dispose();
        await dropped;
        Assert.False(Directory.Exists(Path.Combine(tables.Folder, "tables", "000001")));
    }

    [Fact]
    public async Task Create_AsManyRowsAs64BitsCount_TakesWrites()
    {
        await using var tables = new TestTables();
        Table table = await tables.CreateAsync("""{"shape": [9223372036854775807], "shards": 1}""");

        await tables.PutAsync(table, "[-1]", Tensor.Of(TensorShape.Scalar, 3f));

        Assert.Equal(3.0, Assert.Single(await tables.GetAsync(table, "[9223372036854775806]")));
    }

    private static async Task AssertRefusedAsync(TestTables tables, string file, byte[] content)
    {
        await File.WriteAllBytesAsync(file, content);
        var error = Assert.Throws<CatalogException>(() => TableCatalog.Open(new StorageOptions { Folder = tables.Folder }));
        Assert.Contains(file, error.Message, StringComparison.Ordinal);
    }
}
