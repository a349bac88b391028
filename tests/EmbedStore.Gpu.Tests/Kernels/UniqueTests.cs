using EmbedStore.Shards;
using EmbedStore.Tensors;
using EmbedStore.Testing;
using ILGPU;
using ILGPU.Runtime;

namespace EmbedStore.Gpu.Tests;

/// <summary>Duplicate rows found by a sort, their gradients summed in the order in which they came, and one step taken: the bits of the shards.</summary>
[Collection(DeviceTests.Name)]
public sealed class UniqueTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(67, 5)]
    [InlineData(2047, 300)]
    [InlineData(2048, 1 << 20)]
    [InlineData(2049, 1)]
    [InlineData(9000, 700)]
    public void Unique_AnyBatch_ListsRowsRisingAndEntriesInTheirOrder(int count, int rowCount)
    {
        using GpuDevice device = DeviceRig.Open();
        var random = new Random(TestSeed.Current + count);
        int[] rows = [.. Enumerable.Range(0, count).Select(_ => random.Next(rowCount))];
        using var unique = new DeviceUnique(device, rows);

        var expected = rows.Select(static (row, position) => (row, position)).GroupBy(static entry => entry.row).OrderBy(static group => group.Key).ToList();
        Assert.Equal(expected.Select(static group => group.Key), unique.Rows);
        Assert.Equal(expected.SelectMany(static group => group.Select(static entry => entry.position)), unique.Positions);
        Assert.Equal([0, .. expected.Select(static group => group.Count()).Aggregate(new List<int>(), static (ends, length) => [.. ends, ends.LastOrDefault() + length])], unique.Begins);
    }

    [Theory]
    [InlineData(ElementType.F32, 1)]
    [InlineData(ElementType.F32, 64)]
    [InlineData(ElementType.F32, 65)]
    [InlineData(ElementType.F16, 16)]
    [InlineData(ElementType.BF16, 33)]
    public void Apply_StepsOfBothOptimizers_GiveTheBitsOfTheShards(ElementType type, int width)
    {
        foreach (RowOptimizer optimizer in (RowOptimizer[])[new SgdOptimizer { Rate = 0.05, WeightDecay = 0.01 }, new RowwiseAdagradOptimizer { Rate = 0.05, Epsilon = 1e-8 }])
        {
            AssertSameSteps(new RowFormat(type, width, optimizer: optimizer), optimizer);
        }
    }

    private static void AssertSameSteps(RowFormat format, RowOptimizer optimizer)
    {
        const int RowCount = 40;
        const int EntryCount = 150;
        var random = new Random(TestSeed.Current);
        byte[] rows = DeviceRig.Numbers(format, RowCount, random);
        using var rig = new DeviceRig(format, rows);
        using MemoryBuffer1D<float, Stride1D.Dense> state = rig.Device.Accelerator.Allocate1D(new float[rig.Slab.SlotCount]);
        byte[] states = new byte[RowCount * format.StateByteCount];
        for (int step = 1; step <= 4; step++)
        {
            int[] entries = [.. Enumerable.Range(0, EntryCount).Select(_ => random.Next(RowCount))];
            float[] gradients = [.. Enumerable.Range(0, EntryCount * format.Width).Select(_ => (float)((random.NextDouble() * 2) - 1))];
            Train(format, entries, gradients, rows, states, step);
            Apply(rig, format, optimizer, entries, gradients, state.View);
        }

        (byte[] actual, _) = rig.Gather(new RowGather(rig.Device, rig.Slab), [.. Enumerable.Range(0, RowCount)], null, out _)!.Value;
        Assert.True(rows.AsSpan().SequenceEqual(actual), $"{optimizer}, {format.ElementType}, {format.Width}, {TestSeed.Hint}");
    }

    /// <summary>As a shard does it.</summary>
    private static void Train(RowFormat format, int[] entries, float[] gradients, byte[] rows, byte[] states, int step)
    {
        RowTrainer trainer = RowTrainer.Of(format)!;
        foreach (IGrouping<int, int> row in Enumerable.Range(0, entries.Length).GroupBy(i => entries[i]))
        {
            trainer.Begin();
            foreach (int entry in row)
            {
                trainer.Add(System.Runtime.InteropServices.MemoryMarshal.AsBytes(gradients.AsSpan(entry * format.Width, format.Width)));
            }

            trainer.Step(
                row.Key, step, rows.AsSpan(row.Key * format.DataByteCount, format.DataByteCount), states.AsSpan(row.Key * format.StateByteCount, format.StateByteCount), new OptimizerStep(0.05, step));
        }
    }

    private static void Apply(DeviceRig rig, RowFormat format, RowOptimizer optimizer, int[] entries, float[] gradients, ArrayView<float> state)
    {
        GpuDevice device = rig.Device;
        using var unique = new DeviceUnique(device, entries);
        using MemoryBuffer1D<float, Stride1D.Dense> sent = device.Accelerator.Allocate1D(gradients);
        using MemoryBuffer1D<float, Stride1D.Dense> sums = device.Accelerator.Allocate1D<float>(unique.Rows.Length * format.Width);
        using MemoryBuffer1D<float, Stride1D.Dense> factors = device.Accelerator.Allocate1D<float>(unique.Rows.Length);
        AcceleratorStream stream = device.Accelerator.DefaultStream;
        SegmentSumKernel.Load(device)(stream, device.Grid(sums.Length), sent.View, format.Width, unique.OrderView, unique.BeginsView, unique.Rows.Length, sums.View);
        switch (format.ElementType)
        {
            case ElementType.F32: Step<float, F32>(rig, format.Width, optimizer, unique.RowsView, sums.View, state, factors.View); break;
            case ElementType.F16: Step<ushort, F16>(rig, format.Width, optimizer, unique.RowsView, sums.View, state, factors.View); break;
            default: Step<ushort, BF16>(rig, format.Width, optimizer, unique.RowsView, sums.View, state, factors.View); break;
        }

        stream.Synchronize();
    }

    private static void Step<TStored, TElement>(
        DeviceRig rig, int width, RowOptimizer optimizer, ArrayView<int> rows, ArrayView<float> sums, ArrayView<float> state, ArrayView<float> factors)
        where TStored : unmanaged
        where TElement : unmanaged, IWiden<TStored, float>, INarrow<float, TStored>
    {
        GpuDevice device = rig.Device;
        AcceleratorStream stream = device.Accelerator.DefaultStream;
        if (optimizer is SgdOptimizer sgd)
        {
            ApplyKernel<TStored, TElement>.LoadSgd(device)(
                stream, device.Grid(sums.Length), rig.Slab.As<TStored>(), rig.Slab.Stride<TStored>(), rows, width, sums, (float)sgd.Rate, (float)sgd.WeightDecay);
            return;
        }

        var adagrad = (RowwiseAdagradOptimizer)optimizer;
        ApplyKernel<TStored, TElement>.LoadAdagradState(device)(stream, device.Grid(rows.Length), rows, width, sums, (float)adagrad.Rate, (float)adagrad.Epsilon, state, factors);
        ApplyKernel<TStored, TElement>.LoadAdagradRows(device)(stream, device.Grid(sums.Length), rig.Slab.As<TStored>(), rig.Slab.Stride<TStored>(), rows, width, sums, factors);
    }
}
