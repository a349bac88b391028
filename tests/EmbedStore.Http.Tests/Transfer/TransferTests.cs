using System.Globalization;
using System.Text;
using EmbedStore.Tensors;
using EmbedStore.Testing;

namespace EmbedStore.Http.Tests.Transfer;

/// <summary>Whole tables out, rows in: every format, its mistakes, and that a refused file changes nothing.</summary>
public class TransferTests(TestServer server) : IClassFixture<TestServer>
{
    private ApiClient Api => server.Api;

    [Theory]
    [InlineData("npy", "[5, 3]", "")]
    [InlineData("safetensors", "[5, 3]", "")]
    [InlineData("npy", "[15]", ", \"dtype\": \"I64\"")]
    [InlineData("safetensors", "[5, 3]", ", \"dtype\": \"BF16\"")]
    [InlineData("npy", "[1, 5, 3]", ", \"dtype\": \"F64\"")]
    [InlineData("safetensors", "[\"*\", 3]", ", \"dtype\": \"F16\"")]
    [InlineData("safetensors", "[\"*\"]", ", \"dtype\": \"U8\"")]
    public async Task Export_ImportedIntoANewTable_IsEqual(string format, string shape, string more)
    {
        string first = await Api.NewAsync(shape, more);
        string second = await Api.NewAsync(shape, more + ", \"shards\": 3");
        long[] ids = shape.Contains("15", StringComparison.Ordinal) ? [14, 0, 2] : shape.Contains('*', StringComparison.Ordinal) ? [long.MaxValue, -7, 0] : [0, 0, 0];
        (await Api.PutAsync(first, shape == "[1, 5, 3]" ? "[ids, 2]" : "[ids]", Tensor.Of(TensorShape.Scalar, 7), ApiClient.Ids(ids))).Success();

        Answer exported = (await Api.GetAsync($"/v1/tables/{first}/export?format={format}")).Success();
        Assert.Equal($"application/x-{format}", exported.MediaType);
        Answer imported = (await ImportAsync(second, format, exported.Body)).Success();
        Assert.Equal(exported.Rows().Shape.ElementCount, (await Api.GetAsync($"/v1/tables/{second}/export?format={format}")).Rows().Shape.ElementCount);
        Assert.Equal(exported.Body, (await Api.GetAsync($"/v1/tables/{second}/export?format={format}")).Body);
        Assert.True(imported["imported"].GetInt64() > 0);
    }

    [Theory]
    [InlineData("0 1 2\n3 4 5\n")]
    [InlineData("0 1 2\r\n3 4 5")]
    [InlineData("2 2\n0 1 2\n3 4 5\n")]
    [InlineData("2 2\r\n\r\n3\t4.0  5e0 \r\n0 1 2")]
    public async Task Text_AsWord2vecAndGloveWriteIt_IsRead(string text)
    {
        string table = await Api.NewAsync("[4, 2]");
        Assert.Equal(2, (await ImportAsync(table, "text", Encoding.ASCII.GetBytes(text))).Success()["imported"].GetInt64());
        await Api.GatherAsync(table, "[:]").HoldsAsync(1, 2, 0, 0, 0, 0, 4, 5);
    }

    [Theory]
    [InlineData("text", "1 1 1\n0 1 x\n", 400, "malformed_body", "\"line\": 2, \"offset\": 10")]
    [InlineData("text", "1 1 1\n0 1\n", 400, "malformed_body", "\"line\": 2")]
    [InlineData("text", "1 1 1\n0 1 2 3\n", 400, "malformed_body", "\"line\": 2")]
    [InlineData("text", "1 1 1\nking 1 2\n", 400, "malformed_body", "\"line\": 2")]
    [InlineData("text", "1 1 1\n4 1 2\n", 400, "index_out_of_range", "\"dimension\": 0, \"index\": 4, \"size\": 4")]
    [InlineData("npy", "no array", 400, "malformed_body", "\"offset\": 0")]
    [InlineData("safetensors", "short", 400, "malformed_body", "")]
    [InlineData("xml", "", 400, "invalid_parameter", "\"parameter\": \"format\"")]
    public async Task Import_OfAWrongFile_SaysWhereAndChangesNothing(string format, string file, int status, string code, string fields)
    {
        string table = await Api.NewCountedAsync(4, 2);
        Expect.Refused(await ImportAsync(table, format, Encoding.ASCII.GetBytes(file)), status, code, fields);
        await Api.GatherAsync(table, "[...]").HoldsAsync(0, 1, 2, 3, 4, 5, 6, 7);
        Assert.Empty(Directory.GetFiles(server.DataFolder, "import-*"));
    }

    [Fact]
    public async Task Import_OfAnotherShape_IsRefused()
    {
        string table = await Api.NewCountedAsync(4, 2);
        Expect.Refused(await ImportAsync(table, "npy", WireBody.Npy(Tables.Counted(TensorShape.Of(2, 4)))), 400, "shape_mismatch", "\"expected\": [4, 2], \"actual\": [2, 4]");
        byte[] ids = WireBody.Encode(WireFormat.Safetensors, new Dictionary<string, Tensor> { ["ids"] = Tensor.Of(TensorShape.Of(2), 0, 4), ["rows"] = Tables.Counted(TensorShape.Of(2, 2)) });
        Expect.Refused(await ImportAsync(table, "safetensors", ids), 400, "index_out_of_range", "\"tensor\": \"ids\", \"position\": [1], \"index\": 4");
        await Api.GatherAsync(table, "[...]").HoldsAsync(0, 1, 2, 3, 4, 5, 6, 7);
    }

    /// <summary>200 MB in and out of a server of its own, whose memory is watched: it holds a few runs of rows, not the file.</summary>
    [Fact]
    public async Task Import_LargerThanItsMemory_StreamsInAndOut()
    {
        const int Rows = 400_000, Width = 128;
        await using ServerProcess process = await ServerProcess.StartAsync("--EmbedStore:RowStore:MemoryBytes", "33554432");
        var api = new ApiClient(process.Client);
        (await api.CreateAsync("large", $$"""{"shape": [{{Rows}}, {{Width}}], "durability": "none"}""")).Success();
        byte[] header = NpyHeader.Write(ElementType.F32, TensorShape.Of(Rows, Width));
        byte[] file = new byte[header.Length + (4L * Rows * Width)];
        header.CopyTo(file, 0);
        new Random(TestSeed.Current).NextBytes(file.AsSpan(header.Length, 1 << 20));
        long before = PeakMemory(process.ProcessId);
        (await api.SendAsync(HttpMethod.Post, "/v1/tables/large/import?format=npy", WireBody.Content(file, "application/x-npy"))).Success();
        Answer exported = (await api.GetAsync("/v1/tables/large/export?format=npy")).Success();
        Assert.True(file.AsSpan().SequenceEqual(exported.Body));
        long growth = PeakMemory(process.ProcessId) - before;
        Assert.True(growth < 160L << 20, $"The server's memory grew by {growth >> 20} MiB for a file of {file.Length >> 20} MiB.");
    }

    private Task<Answer> ImportAsync(string table, string format, byte[] file) =>
        Api.SendAsync(HttpMethod.Post, $"/v1/tables/{table}/import?format={format}", WireBody.Content(file, "application/octet-stream"));

    /// <summary>Unit: bytes.</summary>
    private static long PeakMemory(int processId)
    {
        string line = File.ReadLines(FormattableString.Invariant($"/proc/{processId}/status")).First(static line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
        return 1024 * long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }
}
