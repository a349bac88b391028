using EmbedStore.Serving;
using EmbedStore.Tensors;
using EmbedStore.Testing;

namespace EmbedStore.Gpu.Tests;

/// <summary>A search on the device finds what the processor finds: the same rows in the same order where sums are exact, the same scores within rounding where they are not.</summary>
[Collection(DeviceTests.Name)]
public sealed class NearestTests
{
    [Theory]
    [InlineData(NearestMetric.L2, ElementType.F32, 1)]
    [InlineData(NearestMetric.L2, ElementType.F32, 10)]
    [InlineData(NearestMetric.Dot, ElementType.F32, 100)]
    [InlineData(NearestMetric.Dot, ElementType.BF16, 10)]
    [InlineData(NearestMetric.L2, ElementType.F16, 1024)]
    public async Task Find_WholeNumbers_GivesTheRowsScoresAndTiesOfTheProcessor(NearestMetric metric, ElementType type, int count)
    {
        const int RowCount = 700;
        const int Width = 9;
        var random = new Random(TestSeed.Current + count);
        await using ServedDevice served = await ServedDevice.OpenAsync(ServedDevice.Spec(RowCount, Width, type));
        long[] all = [.. Enumerable.Range(0, RowCount)];

        // Few numbers, so that many rows are equally near.
        await served.AssignAsync(all, [.. Enumerable.Range(0, RowCount * Width).Select(_ => (float)random.Next(-2, 3))]);
        await served.EraseAsync(3, 500);
        served.Fill();
        NearestRequest request = new()
        {
            Tensors = new Dictionary<string, Tensor> { ["queries"] = Tensor.Of(TensorShape.Of(21, Width), [.. Enumerable.Range(0, 21 * Width).Select(_ => (float)random.Next(-2, 3))]) },
            Count = count,
            Metric = metric,
        };
        foreach (MissingPolicy missing in (MissingPolicy[])[MissingPolicy.Zeros, MissingPolicy.Error])
        {
            await AssertSameAsync(served, request with { Missing = missing }, isExact: true);
        }
    }

    [Theory]
    [InlineData(NearestMetric.L2)]
    [InlineData(NearestMetric.Dot)]
    [InlineData(NearestMetric.Cosine)]
    public async Task Find_AnyNumbers_GivesScoresWithinRounding(NearestMetric metric)
    {
        const int RowCount = 300;
        const int Width = 70;
        var random = new Random(TestSeed.Current);
        await using ServedDevice served = await ServedDevice.OpenAsync(ServedDevice.Spec(RowCount, Width));
        float[] rows = [.. Enumerable.Range(0, RowCount * Width).Select(_ => (float)((random.NextDouble() * 2) - 1))];
        rows.AsSpan(5 * Width, Width).Clear();
        await served.AssignAsync([.. Enumerable.Range(0, RowCount)], rows);
        served.Fill();
        float[] queries = [.. rows.AsSpan(7 * Width, Width), .. Enumerable.Range(0, 4 * Width).Select(_ => (float)((random.NextDouble() * 2) - 1))];
        NearestRequest request = new() { Tensors = new Dictionary<string, Tensor> { ["queries"] = Tensor.Of(TensorShape.Of(5, Width), queries) }, Count = 20, Metric = metric };

        await AssertSameAsync(served, request, isExact: false);
    }

    [Fact]
    public async Task Find_WhileARowIsOnItsWay_SearchesItsNewestValue()
    {
        await using ServedDevice served = await ServedDevice.OpenAsync(ServedDevice.Spec(80, 4));
        await served.AssignAsync([.. Enumerable.Range(0, 80)], [.. Enumerable.Range(0, 320).Select(static i => (float)i)]);
        served.Fill();
        await served.AssignAsync([70], -9, -9, -9, -9);
        NearestRequest request = new() { Tensors = new Dictionary<string, Tensor> { ["queries"] = Tensor.Of(TensorShape.Of(1, 4), -9f, -9, -9, -9) }, Count = 2 };

        NearestAnswer answer = await served.Lookups.FindNearestAsync(served.Table, request, new RequestMemory(), CancellationToken.None);

        Assert.Equal([70.0, 0], TensorValues.ToDoubles(answer.Ids));
        Assert.Equal([1.0], TensorValues.ToDoubles(answer.Exact));
    }

    [Fact]
    public void Pack_Keys_SortAsTheirNumbersAndNaNComesLast()
    {
        float[] keys = [float.NegativeInfinity, -3.5f, -1e-40f, 0f, 1e-40f, 2f, float.MaxValue, float.PositiveInfinity];
        Assert.Equal(keys, keys.Select(static key => TopKernel.KeyOf(TopKernel.Pack(key, 9))));
        Assert.True(keys.Select(static key => TopKernel.Pack(key, 9)).SequenceEqual(keys.Select(static key => TopKernel.Pack(key, 9)).Order()));
        Assert.Equal(TopKernel.Pack(0f, 3), TopKernel.Pack(-0f, 3));
        Assert.Equal(TopKernel.None, TopKernel.Pack(float.NaN, 0));
        Assert.Equal(uint.MaxValue - 1L, TopKernel.RowOf(TopKernel.Pack(1, uint.MaxValue - 1L)));
    }

    private static async Task AssertSameAsync(ServedDevice served, NearestRequest request, bool isExact)
    {
        Assert.True(served.Rows.IsComplete);
        int launches = 0;
        served.Tier.Device!.Fault = step => launches += step == DeviceStep.Launch ? 1 : 0;
        NearestAnswer expected = await served.Plain.FindNearestAsync(served.Table, request, new RequestMemory(), CancellationToken.None);
        Assert.Equal(0, launches);
        NearestAnswer actual = await served.Lookups.FindNearestAsync(served.Table, request, new RequestMemory(), CancellationToken.None);
        Assert.True(launches > 0);
        Assert.Equal(TensorValues.ToDoubles(expected.Exact), TensorValues.ToDoubles(actual.Exact));
        if (isExact)
        {
            Assert.Equal(TensorValues.ToDoubles(expected.Ids), TensorValues.ToDoubles(actual.Ids));
        }

        double[] a = TensorValues.ToDoubles(expected.Scores);
        double[] b = TensorValues.ToDoubles(actual.Scores);
        Assert.Equal(a.Length, b.Length);
        Assert.All(a.Zip(b), pair => Assert.True(pair.First == pair.Second || Math.Abs(pair.First - pair.Second) <= (isExact ? 1e-6 : 2e-5) * Math.Max(1, Math.Abs(pair.First)), $"{pair}, {TestSeed.Hint}"));
    }
}
