using EmbedStore.Tensors;
using EmbedStore.Testing;
using Xunit.Abstractions;

namespace EmbedStore.Http.Tests.Fuzz;

/// <summary>Whatever is sent, the answer is a result or a refusal: never a fault of the server, never silence.</summary>
[Collection(Alone.Name)]
public class FuzzTests(ITestOutputHelper output)
{
    private const int CallCount = 20_000;
    private const int WorkerCount = 4;
    private const long MemoryGrowthMax = 256L << 20;

    private static readonly string[] Verbs = ["gather", "put", "source", "bag", "nearest", "prefetch", "erase", "import"];
    private static readonly string[] TableNames = ["plain", "line", "deep", "open", "scaled", "words"];
    private static readonly string[] Items =
        ["0", "-1", "3", "7", "99", ":", "1:3", "::2", "::-1", "-2:", "5:1", "...", "None", "True", "False", "ids", "m", "argmax(s, 0)", "argmax(s)", "argmax(s, -1)", "1_0", "9223372036854775807", "-9223372036854775808:9223372036854775807", "", " 1 ", "x"];
    private static readonly string[] Parameters =
        ["dialect=numpy", "dtype=F16", "dtype=I64", "dtype=F64", "status=true", "missing=error", "missing=initialize", "permute=1,0", "permute=0", "accumulate=true", "rows=true", "mode=sum", "mode=max", "include_last_offset=true", "padding_idx=-1", "padding_idx=99", "format=npy", "format=text", "format=safetensors", "x=%00", "index=[ids]", "k=3", "k=-1", "metric=cosine", "metric=dot"];

    [Fact]
    public async Task Server_SentTwentyThousandDamagedRequests_AnswersEachAndGoesOn()
    {
        output.WriteLine(TestSeed.Hint);
        await using TestServer server = await TestServer.StartAsync();
        await CreateAsync(server.Api);
        long before = Environment.WorkingSet;
        await Task.WhenAll(Enumerable.Range(0, WorkerCount).Select(worker => Task.Run(() => RunAsync(server.Api, worker))));
        long growth = Environment.WorkingSet - before;
        output.WriteLine($"memory grew by {growth >> 20} MiB");
        Assert.True(growth < MemoryGrowthMax, $"memory grew by {growth} bytes, {TestSeed.Hint}");
        Assert.Equal(200, (await server.Api.GetAsync("/health/ready")).Status);
        foreach (string table in TableNames)
        {
            Answer answer = table == "words"
                ? await server.Api.GatherAsync(table, tensors: new Dictionary<string, Tensor> { ["ids"] = PaddedKeys(new Random(1)) }, query: "missing=zeros")
                : await server.Api.GatherAsync(table, "[0]", query: "missing=zeros");
            answer.Success();
        }
    }

    private static async Task CreateAsync(ApiClient api)
    {
        (await api.CreateAsync("plain", """{"shape": [8, 4]}""")).Success();
        (await api.CreateAsync("line", """{"shape": [9], "dtype": "I64"}""")).Success();
        (await api.CreateAsync("deep", """{"shape": [2, 3, 4, 5], "dtype": "F16", "initializer": {"kind": "normal", "seed": 3}}""")).Success();
        (await api.CreateAsync("open", """{"shape": ["*", 4], "dtype": "BF16"}""")).Success();
        (await api.CreateAsync("scaled", """{"shape": [8, 4], "dtype": "I8", "scale": "row"}""")).Success();
        (await api.CreateAsync("words", """{"shape": ["*", 4], "key": "string"}""")).Success();
    }

    private static async Task RunAsync(ApiClient api, int worker)
    {
        var random = new Random(TestSeed.Current + worker);
        for (int i = 0; i < CallCount / WorkerCount; i++)
        {
            (string path, HttpContent? content) = Draw(random);
            string body = content is null ? "" : Convert.ToHexString(await content.ReadAsByteArrayAsync());
            string what = $"call {i} of worker {worker}, {TestSeed.Hint}: {path} {body[..Math.Min(body.Length, 2000)]}";
            try
            {
                Answer answer = await api.SendAsync(HttpMethod.Post, path, content);
                Assert.True(answer.Status < 500, $"{answer.Status} {answer.Text}\n{what}");
                Assert.True(answer.Status < 300 || answer.Code is not null, $"{answer.Status} {answer.MediaType}\n{what}");
            }
            catch (Exception fault) when (fault is HttpRequestException or TaskCanceledException)
            {
                Assert.Fail($"{fault.Message}\n{what}");
            }
        }
    }

    private static (string Path, HttpContent? Content) Draw(Random random)
    {
        string index = $"[{string.Join(',', Enumerable.Range(0, random.Next(1, 5)).Select(_ => Items[random.Next(Items.Length)]))}]";
        if (random.Next(8) == 0)
        {
            index = System.Text.Encoding.Latin1.GetString(Mutation.Of(System.Text.Encoding.Latin1.GetBytes(index), random));
        }

        var query = new List<string> { "index=" + Uri.EscapeDataString(index) };
        query.AddRange(Enumerable.Range(0, random.Next(3)).Select(_ => Parameters[random.Next(Parameters.Length)]));
        string path = $"/v1/tables/{TableNames[random.Next(TableNames.Length)]}/{Verbs[random.Next(Verbs.Length)]}?{string.Join('&', query.Skip(random.Next(2)))}";
        if (random.Next(10) == 0)
        {
            return (path, null);
        }

        WireFormat format = (WireFormat)random.Next(3);
        byte[] body = WireBody.Encode(format, TensorsFor(format, index, random));
        return (path, WireBody.Content(random.Next(4) == 0 ? body : Mutation.Of(body, random), WireBody.MediaTypeOf(format)));
    }

    private static Dictionary<string, Tensor> TensorsFor(WireFormat format, string index, Random random)
    {
        var all = new Dictionary<string, Tensor>
        {
            ["ids"] = random.Next(4) > 0 ? Tensor.Of(TensorShape.Of(2, 2), random.Next(9), random.Next(9), -random.Next(9), random.Next(3))
                : format == WireFormat.Json ? Tensor.Of(TensorShape.Of(2, 2), RowKeys.Of("a", $"b{random.Next(9)}", random.Next(3) == 0 ? "" : "é", "NaN"))
                : PaddedKeys(random),
            ["keys"] = PaddedKeys(random),
            ["m"] = new Tensor(ElementType.Bool, TensorShape.Of(8), Enumerable.Range(0, 8).Select(_ => (byte)random.Next(2)).ToArray()),
            ["s"] = Tensor.Of(TensorShape.Of(2, 3), 1f, 2f, float.NaN, 4f, 5f, 6f),
            ["values"] = Tensor.Of(random.Next(2) == 0 ? TensorShape.Scalar : TensorShape.Of(1), (float)random.Next(100)),
            ["offsets"] = Tensor.Of(TensorShape.Of(2), 0, random.Next(5)),
            ["rows"] = Tensor.Of(TensorShape.Of(8, 4), new float[32]),
            ["queries"] = Tensor.Of(TensorShape.Of(2, 4), 1f, -2f, float.NaN, float.PositiveInfinity, 0f, 0f, 0f, 1e-30f),
        };
        if (format == WireFormat.Npy)
        {
            return new Dictionary<string, Tensor> { ["ids"] = all.Values.ElementAt(random.Next(all.Count)) };
        }

        // Mostly what the subscript names, so that many calls get past the names.
        return all.Where(tensor => index.Contains(tensor.Key, StringComparison.Ordinal) || tensor.Key is "values" or "queries" ? random.Next(8) > 0 : random.Next(12) == 0).ToDictionary();
    }

    /// <summary>A letter, a digit and a zero each.</summary>
    private static Tensor PaddedKeys(Random random) =>
        Tensor.From<byte>(ElementType.U8, TensorShape.Of(8, 3), Enumerable.Range(0, 24).Select(i => i % 3 == 2 ? (byte)0 : (byte)((i % 3 == 0 ? 'a' : '0') + random.Next(10))).ToArray());
}
