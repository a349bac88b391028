using System.Text;
using EmbedStore.Http;
using EmbedStore.Tensors;
using EmbedStore.Testing;

namespace EmbedStore.Gpu.Tests;

/// <summary>Whole servers: one with a device answers as one without, byte for byte, whatever is asked and written.</summary>
[Collection(DeviceTests.Name)]
public sealed class HostTests
{
    private const int RowCount = 240;
    private const int RoundCount = 8;

    /// <summary>A table that has all its rows, so that the device can serve every call.</summary>
    private const string Complete = "f32";

    /// <summary>A table whose numbers have many digits.</summary>
    private const string Trained = "trained";

    private static readonly (string Name, string Value)[] OnDevice =
        [("Gpu:Device", "cpu"), ("Gpu:CalibrationTime", "00:00:00"), ("Gpu:MemoryBytes", "67108864"), ("Gpu:StagingBytes", "131072"), ("Gpu:StreamCount", "2")];

    private static readonly (string Name, string Spec, int Width)[] Tables =
    [
        (Complete, $$$"""{"shape": [{{{RowCount}}}, 20], "shards": 2}""", 20),
        (Trained, $$$"""{"shape": [{{{RowCount}}}, 20], "shards": 2, "optimizer": {"kind": "rowwise_adagrad", "lr": 0.05}}""", 20),
        ("f16", $$$"""{"shape": [{{{RowCount}}}, 16], "dtype": "F16", "optimizer": {"kind": "sgd", "lr": 0.5}}""", 16),
        ("i8", $$$"""{"shape": [{{{RowCount}}}, 7], "dtype": "I8", "scale": "row", "shards": 3}""", 7),
        ("open", """{"shape": ["*", 12], "shards": 2, "missing": "initialize", "initializer": {"kind": "uniform", "low": -1, "high": 1, "seed": 3}}""", 12),
    ];

    [Theory]
    [InlineData(HostedProgram.ServerWithDevice, null)]
    [InlineData(HostedProgram.ServerWithDevice, nameof(DeviceStep.Upload))]
    [InlineData(HostedProgram.ServerWithDevice, nameof(DeviceStep.Wait))]
    [InlineData(HostedProgram.Silo, null)]
    [InlineData(HostedProgram.Silo, nameof(DeviceStep.Launch))]
    public async Task Answer_WithADevice_IsByteForByteTheAnswerWithout(HostedProgram program, string? failing)
    {
        await using DeviceHost device = await DeviceHost.StartAsync(program, OnDevice);
        await using DeviceHost plain = await DeviceHost.StartAsync(HostedProgram.Server);
        foreach ((string name, string spec, _) in Tables)
        {
            (await device.Api.CreateAsync(name, spec)).Success();
            (await plain.Api.CreateAsync(name, spec)).Success();
        }

        await AssertSameAsync(device, plain, static api => api.PutAsync(Complete, "[:]", Tensor.Of(TensorShape.Of(1), 0.25f)), "first");

        int launchCount = 0;
        bool fails = false;
        device.Tier.Device!.Fault = step =>
        {
            Interlocked.Add(ref launchCount, step == DeviceStep.Launch ? 1 : 0);
            if (Volatile.Read(ref fails) && step.ToString() == failing)
            {
                throw new DeviceFaultException("The test says so.");
            }
        };

        int served = 0;
        var random = new Random(TestSeed.Current);
        for (int round = 0; round < RoundCount; round++)
        {
            // Half of the reads find what was written a moment ago, the others find the device filled.
            foreach ((string name, _, int width) in Tables)
            {
                await AssertSameAsync(device, plain, api => Write(api, name, width, new Random(TestSeed.Current + round)), $"{name}, round {round}");
                if (round % 2 == 0)
                {
                    device.Fill(name);
                }
            }

            Volatile.Write(ref fails, failing is not null && round == RoundCount / 2);
            int seed = random.Next();
            foreach ((string name, _, int width) in Tables)
            {
                foreach (Func<ApiClient, Task<Answer>> read in Reads(name, width, new Random(seed)))
                {
                    int before = Volatile.Read(ref launchCount);
                    await AssertSameAsync(device, plain, read, $"{name}, round {round}");
                    served += name == Complete && round % 2 == 0 && launchCount > before ? 1 : 0;
                }
            }

            await AssertSameAsync(device, plain, api => LookUp(api, new Random(seed)), $"lookup, round {round}");
        }

        Assert.Equal(failing is null, device.Tier.Device.IsOn);

        // Every call of a round in which the device had all rows, until it failed.
        int rounds = failing is null ? RoundCount / 2 : RoundCount / 4;
        Assert.InRange(served, rounds * Reads(Complete, 1, new Random(1)).Count(), int.MaxValue);
    }

    [Fact]
    public async Task Describe_NamesTheDeviceAndItsMemoryWhileItServes()
    {
        await using DeviceHost host = await DeviceHost.StartAsync(HostedProgram.ServerWithDevice, OnDevice);
        (await host.Api.CreateAsync("t", """{"shape": [1000, 64]}""")).Success();
        (await host.Api.PutAsync("t", "[:]", Tensor.Of(TensorShape.Of(1), 1f))).Success();
        host.Fill("t");

        Answer server = (await host.Api.GetAsync("/v1/server")).Success();
        Answer table = (await host.Api.GetAsync("/v1/tables/t")).Success();

        Assert.Equal(["cpu", host.Tier.Device!.Description], server["devices"].EnumerateArray().Select(static name => name.GetString()));
        Assert.Equal(host.Tier.ByteCount, server["memory"].GetProperty("device").GetInt64());
        Assert.Equal(host.Tier.ByteCount, table["stats"].GetProperty("bytes").GetProperty("device").GetInt64());
        Assert.InRange(host.Tier.ByteCount, 1000 * 64 * sizeof(float), host.Tier.MemoryByteCount / 2);

        host.Tier.Device.GiveUp(new DeviceFaultException("The test says so."));
        Assert.Equal(["cpu"], (await host.Api.GetAsync("/v1/server"))["devices"].EnumerateArray().Select(static name => name.GetString()));
        await host.Api.DropAsync("t");
        Assert.Equal(0, (await host.Api.GetAsync("/v1/server"))["memory"].GetProperty("device").GetInt64());
    }

    [Fact]
    public async Task Start_NoDriver_GoesOnWithoutADevice()
    {
        if (DeviceRig.HasDriver)
        {
            return;
        }

        await using DeviceHost host = await DeviceHost.StartAsync(HostedProgram.ServerWithDevice, ("Gpu:Device", "auto"));
        Assert.Equal(["cpu"], (await host.Api.GetAsync("/v1/server"))["devices"].EnumerateArray().Select(static name => name.GetString()));
        Assert.Equal(0, (await host.Api.GetAsync("/v1/server"))["memory"].GetProperty("device").GetInt64());
    }

    [Fact]
    public async Task Start_DeviceThatIsNamedAndNotThere_IsRefused()
    {
        StartException refusal = await Assert.ThrowsAsync<StartException>(() => DeviceHost.StartAsync(HostedProgram.Silo, ("Gpu:Device", "cuda:99")));
        Assert.Equal("EmbedStore:Gpu:Device: there is no device \"cuda:99\": no driver, or not so many devices.", refusal.Message);
    }

    [Theory]
    [InlineData("cuda:0")]
    [InlineData("cpu")]
    public async Task Start_DeviceInAProgramThatUsesNone_IsRefused(string device)
    {
        StartException refusal = await Assert.ThrowsAsync<StartException>(() => DeviceHost.StartAsync(HostedProgram.Server, ("Gpu:Device", device)));
        Assert.Equal($"EmbedStore:Gpu:Device must be auto or none in this program, which uses no GPU; was '{device}'. EmbedStore.Silo uses one.", refusal.Message);
    }

    /// <summary>One of the writes that there are.</summary>
    private static Task<Answer> Write(ApiClient api, string table, int width, Random random)
    {
        long[] ids = Ids(random, random.Next(1, 80));
        Tensor rows = Numbers(random, ids.Length, width);
        Dictionary<string, Tensor> named = ApiClient.Ids(ids);
        return random.Next(8) switch
        {
            0 when table != Complete => api.CallAsync(table, "erase", "[ids]", named),
            1 or 2 => api.PutAsync(table, "[ids]", rows, named, accumulate: true),
            3 or 4 when table is Trained or "f16" => api.CallAsync(table, "apply", "[ids]", new Dictionary<string, Tensor>(named) { ["gradients"] = rows }),
            _ => api.PutAsync(table, "[ids]", rows, named),
        };
    }

    /// <summary>Gathers in every type, bags in every mode, and searches.</summary>
    private static IEnumerable<Func<ApiClient, Task<Answer>>> Reads(string table, int width, Random random)
    {
        long[] rowIds = Ids(random, 100);
        Dictionary<string, Tensor> ids = ApiClient.Ids(rowIds);
        yield return api => api.GatherAsync(table, "[ids]", ids, "status=true");
        yield return api => api.GatherAsync(table, "[ids, 1:5]", ids);
        foreach (string type in (string[])["F16", "BF16", "F64"])
        {
            yield return api => api.GatherAsync(table, "[ids]", ids, $"dtype={type}");
        }

        var bags = new Dictionary<string, Tensor>(ids) { ["offsets"] = Tensor.Of(TensorShape.Of(4), 0L, 0, 7, 64) };
        foreach (string mode in (string[])["sum", "mean", "max"])
        {
            yield return api => api.CallAsync(table, "bag", tensors: bags, query: $"mode={mode}&padding_idx={rowIds[3]}");
        }

        var weighted = new Dictionary<string, Tensor>(bags) { ["weights"] = Numbers(random, 100, 1, TensorShape.Of(100)) };
        yield return api => api.CallAsync(table, "bag", tensors: weighted, query: "mode=sum");

        if (table == Trained)
        {
            yield break;
        }

        // Sums of products of quarters are exact, in whatever order; those of other numbers are within a bound.
        var queries = new Dictionary<string, Tensor> { ["queries"] = Numbers(random, 3, width) };
        foreach (string metric in (string[])["l2", "dot"])
        {
            yield return api => api.CallAsync(table, "nearest", tensors: queries, query: $"k=7&metric={metric}");
        }
    }

    private static Task<Answer> LookUp(ApiClient api, Random random)
    {
        const string Features = """[{"name": "a", "table": "trained", "mode": "sequence"}, {"name": "b", "table": "f16", "mode": "mean"}, {"name": "c", "table": "open", "mode": "sum"}]""";
        var tensors = new Dictionary<string, Tensor>();
        foreach (string name in (string[])["a", "b", "c"])
        {
            long[] ids = Ids(random, 50);
            tensors[$"{name}.ids"] = Tensor.Of(TensorShape.Of(50), ids.AsSpan());
        }

        tensors["b.offsets"] = Tensor.Of(TensorShape.Of(2), 0L, 20);
        tensors["c.offsets"] = Tensor.Of(TensorShape.Of(2), 0L, 5);
        byte[] body = WireBody.Encode(WireFormat.Safetensors, tensors, new Dictionary<string, string> { ["features"] = Features });
        return api.SendAsync(HttpMethod.Post, "/v1/lookup", WireBody.Content(body, WireBody.MediaTypeOf(WireFormat.Safetensors)));
    }

    private static async Task AssertSameAsync(DeviceHost device, DeviceHost plain, Func<ApiClient, Task<Answer>> call, string where)
    {
        Answer expected = (await call(plain.Api)).Success();
        Answer actual = (await call(device.Api)).Success();
        Assert.True(expected.Body.AsSpan().SequenceEqual(actual.Body), $"{where}, {TestSeed.Hint}: {Encoding.UTF8.GetString(expected.Body.AsSpan(0, Math.Min(300, expected.Body.Length)))}");
        Assert.Equal(expected.Version, actual.Version);
    }

    /// <summary>Often the same, so that rows are read more than once.</summary>
    private static long[] Ids(Random random, int count) => [.. Enumerable.Range(0, count).Select(_ => (long)(Math.Pow(random.NextDouble(), 2) * RowCount))];

    private static Tensor Numbers(Random random, int rowCount, int width, TensorShape? shape = null) =>
        Tensor.Of(shape ?? TensorShape.Of(rowCount, width), (float[])[.. Enumerable.Range(0, rowCount * width).Select(_ => random.Next(-8, 9) / 4f)]);
}
