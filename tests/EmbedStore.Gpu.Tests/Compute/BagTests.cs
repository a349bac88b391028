using System.Text.Json;
using EmbedStore.Serving;
using EmbedStore.Shards;
using EmbedStore.Tensors;
using EmbedStore.Testing;

namespace EmbedStore.Gpu.Tests;

/// <summary>Bags that are pooled on the device are those of PyTorch, and the bits of the processor's.</summary>
[Collection(DeviceTests.Name)]
public sealed class BagTests
{
    [Fact]
    public void Pool_EveryGoldenCase_GivesWhatPyTorchGave()
    {
        IReadOnlyList<JsonElement> cases = GoldenCases.Embedding("bag");
        Assert.Equal(160, cases.Count);
        for (int i = 0; i < cases.Count; i++)
        {
            TensorShape shape = GoldenCases.ShapeOf(cases[i].GetProperty("table").GetProperty("shape"));
            float[] rows = [.. cases[i].GetProperty("table").GetProperty("data").EnumerateArray().Select(static number => number.GetSingle())];
            using var rig = new DeviceRig(new RowFormat(ElementType.F32, (int)shape[1]), System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(rows).ToArray(), 1 << 16);
            float[] actual = Pool(rig, cases[i], shape);
            double[] expected = [.. cases[i].GetProperty("result").EnumerateArray().Select(static number => number.GetDouble())];
            Assert.Equal(expected.Length, actual.Length);
            Assert.All(expected.Zip(actual), pair => Assert.True(Math.Abs(pair.First - pair.Second) <= 1e-5 * Math.Max(1, Math.Abs(pair.First)), $"case {i}: {pair}"));
        }
    }

    [Theory]
    [InlineData(ElementType.F32, 64)]
    [InlineData(ElementType.F32, 5)]
    [InlineData(ElementType.F16, 8)]
    [InlineData(ElementType.BF16, 7)]
    [InlineData(ElementType.F64, 6)]
    public async Task Pool_ThroughThePipeline_GivesTheBitsOfTheProcessor(ElementType type, int width)
    {
        var random = new Random(TestSeed.Current + width);
        await using ServedDevice served = await ServedDevice.OpenAsync(ServedDevice.Spec(200, width, type));
        long[] all = [.. Enumerable.Range(0, 200)];
        await served.WriteAsync(RowWriteKind.Assign, all, [.. Enumerable.Range(0, 200 * width).Select(_ => (float)(random.NextDouble() - 0.5))]);
        served.Fill();
        foreach (PoolingMode mode in Enum.GetValues<PoolingMode>())
        {
            foreach (bool isWeighted in (bool[])[false, mode == PoolingMode.Sum && type != ElementType.F64])
            {
                BagRequest request = Request(random, mode, isWeighted);
                int launches = 0;
                served.Tier.Device!.Fault = step => launches += step == DeviceStep.Launch ? 1 : 0;
                BagAnswer expected = await served.Plain.PoolAsync(served.Table, request, new RequestMemory(), CancellationToken.None);
                Assert.Equal(0, launches);
                BagAnswer actual = await served.Lookups.PoolAsync(served.Table, request, new RequestMemory(), CancellationToken.None);
                Assert.True(launches > 0);
                Assert.True(expected.Rows.Data.Span.SequenceEqual(actual.Rows.Data.Span), $"{mode}, {isWeighted}, {TestSeed.Hint}");
            }
        }
    }

    [Fact]
    public async Task Pool_ARowThatTheDeviceDoesNotHave_IsPooledByTheProcessor()
    {
        await using ServedDevice served = await ServedDevice.OpenAsync(ServedDevice.Spec(100, 4));
        await served.AssignAsync([1, 2, 3], 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3);
        served.Fill();
        await served.AssignAsync([2], 5, 5, 5, 5);
        var request = new BagRequest { Tensors = new Dictionary<string, Tensor> { ["ids"] = Tensor.Of(TensorShape.Of(1, 3), 1L, 2, 3) }, Mode = PoolingMode.Sum };
        BagAnswer answer = await served.Lookups.PoolAsync(served.Table, request, new RequestMemory(), CancellationToken.None);
        Assert.Equal([9.0, 9, 9, 9], TensorValues.ToDoubles(answer.Rows));
    }

    private static BagRequest Request(Random random, PoolingMode mode, bool isWeighted)
    {
        int count = 3000;
        long[] ids = [.. Enumerable.Range(0, count).Select(_ => (long)random.Next(200))];
        long[] offsets = [0, .. Enumerable.Range(0, 150).Select(_ => (long)random.Next(count)).Order()];
        var tensors = new Dictionary<string, Tensor> { ["ids"] = Tensor.Of(TensorShape.Of(count), ids.AsSpan()), ["offsets"] = Tensor.Of(TensorShape.Of(offsets.Length), offsets.AsSpan()) };
        if (isWeighted)
        {
            float[] weights = [.. Enumerable.Range(0, count).Select(_ => (float)random.NextDouble())];
            tensors["weights"] = Tensor.Of(TensorShape.Of(count), weights.AsSpan());
        }

        return new BagRequest { Tensors = tensors, Mode = mode, PaddingIndex = 7 };
    }

    private static float[] Pool(DeviceRig rig, JsonElement line, TensorShape table)
    {
        long[] Longs(JsonElement numbers) => [.. numbers.EnumerateArray().Select(static number => number.GetInt64())];
        JsonElement ids = line.GetProperty("ids");
        long[] rows = Longs(ids.GetProperty("data"));
        TensorShape shape = GoldenCases.ShapeOf(ids.GetProperty("shape"));
        long[] begins = line.GetProperty("offsets") is { ValueKind: JsonValueKind.Array } offsets
            ? line.GetProperty("include_last_offset").GetBoolean() ? Longs(offsets) : [.. Longs(offsets), rows.Length]
            : [.. Enumerable.Range(0, (int)shape[0] + 1).Select(bag => bag * shape[1])];
        long? padding = line.GetProperty("padding_idx") is { ValueKind: JsonValueKind.Number } number ? number.GetInt64() : null;
        padding = padding < 0 ? padding + table[0] : padding;
        double[] weights = line.GetProperty("per_sample_weights") is { ValueKind: JsonValueKind.Array } given ? [.. given.EnumerateArray().Select(static weight => weight.GetDouble())] : [];
        int[] kept = [.. Enumerable.Range(0, rows.Length).Where(i => rows[i] != padding)];
        BagRun bags = BagRun.TryMake(rig.Device, rig.Slab)!;
        LaneHalf half = rig.Lane.First;
        half.Clear();
        BagPass pass = bags.Start(
            half,
            [.. kept.Select(i => (int)rows[i])],
            [.. begins.Select(begin => (long)kept.Count(i => i < begin))],
            weights.Length == 0 ? [] : [.. kept.Select(i => weights[i])],
            Enum.Parse<PoolingMode>(line.GetProperty("mode").GetString()!, ignoreCase: true));
        half.Wait();
        return System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(half.Host(pass.Pooled)).ToArray();
    }
}
