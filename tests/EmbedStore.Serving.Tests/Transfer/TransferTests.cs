using System.Text;
using EmbedStore.Tensors;

namespace EmbedStore.Serving.Tests.Transfer;

public class TransferTests
{
    [Theory]
    [InlineData("0 1.5 2\n2 -1e2 4\n")]
    [InlineData("2 2\r\n0\t1.5  2 \r\n\r\n 2 -1e2 4")]
    public async Task Import_Text_WritesTheRowsItNames(string text)
    {
        await using var tables = new TestTables();
        Table table = await tables.CreateAsync("""{"shape": [3, 2]}""");

        UpdateAnswer answer = await ImportAsync(tables, table, ImportFormat.Text, Encoding.ASCII.GetBytes(text));

        Assert.Equal(2, answer.RowCount);
        Assert.Equal("1.5 2 0 0 -100 4", string.Join(" ", await tables.GetAsync(table, "[:]")));
    }

    [Theory]
    [InlineData("0 1 2\n1 3\n", ErrorCode.MalformedBody, 6)]
    [InlineData("0 1 x\n", ErrorCode.MalformedBody, 4)]
    [InlineData("word 1 2\n", ErrorCode.MalformedBody, 0)]
    [InlineData("0 1 2\n7 1 2\n", ErrorCode.IndexOutOfRange, null)]
    public async Task Import_BadText_WritesNothing(string text, ErrorCode code, int? offset)
    {
        await using var tables = new TestTables();
        Table table = await tables.CreateAsync("""{"shape": [3, 2]}""");

        var error = await Assert.ThrowsAsync<EmbedStoreException>(() => ImportAsync(tables, table, ImportFormat.Text, Encoding.ASCII.GetBytes(text)));

        Assert.Equal((code, (long?)offset), (error.Code, (long?)error["offset"]));
        Assert.Equal(0, table.RowCount);
    }

    [Fact]
    public async Task Export_ThenRead_GivesEveryRowInOrder()
    {
        await using var tables = new TestTables();
        Table table = await tables.CreateAsync("""{"shape": ["*", 1], "shards": 3}""");
        await tables.PutAsync(table, "[ids]", Tensor.Of(TensorShape.Of(3, 1), 1f, 2, 3), ("ids", Tensor.Of(TensorShape.Of(3), 50L, -7, 3)));

        TableExport export = await tables.Lookups.ExportAsync(table, ElementType.F64, default);
        byte[] rows = new byte[3 * export.RowByteCount];
        await export.ReadAsync(0, 3, rows, CancellationToken.None);

        Assert.Equal("-7 3 50", string.Join(" ", Testing.TensorValues.ToDoubles(export.RowIds!)));
        Assert.Equal("2 3 1", string.Join(" ", Testing.TensorValues.ToDoubles(export.Type, rows)));
    }

    [Fact]
    public void Read_LinesAcrossBuffers_AreWholeAndKnowTheirOffsets()
    {
        using var folder = new Testing.TemporaryFolder();
        string[] lines = [.. Enumerable.Range(0, 5000).Select(static i => new string((char)('a' + (i % 26)), i % 300))];
        string path = folder.Write("lines", string.Join('\n', lines));
        using Microsoft.Win32.SafeHandles.SafeFileHandle file = File.OpenHandle(path);
        long offset = 0;
        int number = 0;

        foreach (TextLine line in TextLines.Read(file, 1 << 20))
        {
            Assert.Equal((number + 1, offset, lines[number]), (line.Number, line.Offset, Encoding.ASCII.GetString(line.Text.Span)));
            offset += lines[number++].Length + 1;
        }

        Assert.Equal(lines.Length, number);
    }

    private static async Task<UpdateAnswer> ImportAsync(TestTables tables, Table table, ImportFormat format, byte[] content)
    {
        string path = Path.Combine(tables.Folder, "import");
        await File.WriteAllBytesAsync(path, content);
        using Microsoft.Win32.SafeHandles.SafeFileHandle file = File.OpenHandle(path);
        return await new TableImporter(tables.Updates, new ServingLimits()).ImportAsync(table, format, file, CancellationToken.None);
    }
}
