using System.Runtime.InteropServices;
using EmbedStore.Gpu;
using EmbedStore.Serving;
using EmbedStore.Shards;
using EmbedStore.Tensors;
using ILGPU;
using ILGPU.Runtime;

namespace EmbedStore.Benchmarks.Gpu;

/// <summary>What a kernel gave against what it should.</summary>
internal sealed record Check(string Name, bool IsGood, string Outcome);

/// <summary>Every kernel on random data, on the device that is measured: a wrong answer is fast, too.</summary>
internal static class KernelChecks
{
    private const int RowCount = 3000;

    private static readonly int[] Widths = [1, 3, 64, 128, 1025];
    private static readonly ElementType[] Types = [ElementType.F16, ElementType.BF16, ElementType.F64];

    public static IReadOnlyList<Check> Run(GpuDevice device) =>
    [
        Of("gather, scatter: K = 1, 3, 64, 128, 1025", () => Widths.All(width => GathersBits(device, width))),
        Of("gather F32 to F16, BF16, F64", () => Types.All(type => Converts(device, type))),
        Of("bag: sum, mean, max, weighted", () => Enum.GetValues<PoolingMode>().All(mode => Pools(device, mode, isWeighted: false)) && Pools(device, PoolingMode.Sum, isWeighted: true)),
        Of("nearest: L2, dot of whole numbers", () => Finds(device, NearestMetric.L2) && Finds(device, NearestMetric.Dot)),
        Of("unique, segment sum, sgd", () => Trains(device)),
    ];

    private static Check Of(string name, Func<bool> isGood)
    {
        try
        {
            return isGood() ? new Check(name, true, "equal") : new Check(name, false, "**differs**");
        }
        catch (Exception e) when (GpuDevice.IsDeviceFault(e))
        {
            return new Check(name, false, $"**failed**: {e.Message}");
        }
    }

    private static bool GathersBits(GpuDevice device, int width)
    {
        using var rows = new CheckedRows(device, width, static random => (float)random.NextDouble());
        LaneHalf half = rows.Lane.First;
        half.Clear();
        bool isGood = new RowGather(device, rows.Slab).Start(half, rows.Slots, null, out GatherPass pass) < 0;
        half.Wait();
        return isGood && half.Host(pass.Rows).SequenceEqual(MemoryMarshal.AsBytes<float>(rows.Picked()));
    }

    private static bool Converts(GpuDevice device, ElementType type)
    {
        using var rows = new CheckedRows(device, 64, static random => (float)((random.NextDouble() - 0.5) * Math.Pow(2, random.Next(-30, 20))));
        LaneHalf half = rows.Lane.First;
        half.Clear();
        new RowGather(device, rows.Slab).Start(half, rows.Slots, type, out GatherPass pass);
        half.Wait();
        byte[] expected = new byte[rows.Slots.Length * 64 * type.ByteCount()];
        ElementConverter.Convert(MemoryMarshal.AsBytes<float>(rows.Picked()), ElementType.F32, expected, type);
        return half.Host(pass.Rows).SequenceEqual(expected);
    }

    private static bool Pools(GpuDevice device, PoolingMode mode, bool isWeighted)
    {
        const int Width = 64;
        using var rows = new CheckedRows(device, Width, static random => (float)(random.NextDouble() - 0.5));
        int count = rows.Slots.Length;
        long[] begins = [0, 0, 1, 64, 65, count];
        double[] weights = isWeighted ? [.. Enumerable.Range(0, count).Select(static i => (float)(1.0 / (i + 1)))] : [];
        LaneHalf half = rows.Lane.First;
        half.Clear();
        BagPass pass = BagRun.TryMake(device, rows.Slab)!.Start(half, rows.Slots, begins, weights, mode);
        half.Wait();
        float[] expected = new float[(begins.Length - 1) * Width];
        for (int bag = 0; bag < begins.Length - 1; bag++)
        {
            for (int column = 0; column < Width; column++)
            {
                expected[(bag * Width) + column] = Pooled(rows, (int)begins[bag], (int)begins[bag + 1], column, mode, weights);
            }
        }

        return half.Host(pass.Pooled).SequenceEqual(MemoryMarshal.AsBytes<float>(expected));
    }

    private static float Pooled(CheckedRows rows, int begin, int end, int column, PoolingMode mode, double[] weights)
    {
        float pooled = 0;
        for (int i = begin; i < end; i++)
        {
            float value = rows.Values[(rows.Slots[i] * rows.Width) + column];
            float weighted = weights.Length > 0 ? value * (float)weights[i] : value;
            pooled = mode != PoolingMode.Max ? pooled + weighted : i == begin || value > pooled ? value : pooled;
        }

        return mode == PoolingMode.Mean && end - begin > 1 ? pooled / (end - begin) : pooled;
    }

    private static bool Finds(GpuDevice device, NearestMetric metric)
    {
        const int Width = 20;
        const int Queries = 5;
        const int Count = 10;
        using var rows = new CheckedRows(device, Width, static random => random.Next(-3, 4));
        float[] queries = rows.Values[..(Queries * Width)];
        long[] ids = new long[Queries * Count];
        float[] scores = new float[Queries * Count];
        var batch = new NearestBatch
        {
            Queries = queries,
            StoredQueries = MemoryMarshal.AsBytes<float>(queries),
            CanBeRow = new bool[Queries],
            Count = Count,
            Metric = metric,
            SkipsMissing = true,
        };
        bool isGood = NearestRun.TryMake(device, rows.Slab)!.TryRun(rows.Lane.First, batch, RowCount, ids, scores, new bool[Queries]);
        for (int query = 0; query < Queries; query++)
        {
            IEnumerable<long> expected = Enumerable.Range(0, RowCount).OrderBy(row => Key(metric, queries.AsSpan(query * Width, Width), rows.Values.AsSpan(row * Width, Width))).Take(Count).Select(static row => (long)row);
            isGood &= expected.SequenceEqual(ids.Skip(query * Count).Take(Count));
        }

        return isGood;
    }

    private static float Key(NearestMetric metric, ReadOnlySpan<float> query, ReadOnlySpan<float> row)
    {
        float sum = 0;
        for (int i = 0; i < query.Length; i++)
        {
            sum += metric == NearestMetric.L2 ? (query[i] - row[i]) * (query[i] - row[i]) : -query[i] * row[i];
        }

        return sum;
    }

    private static bool Trains(GpuDevice device)
    {
        const int Width = 32;
        const float Rate = 0.1f;
        using var rows = new CheckedRows(device, Width, static random => (float)random.NextDouble());
        var random = new Random(7);
        float[] gradients = [.. Enumerable.Range(0, rows.Slots.Length * Width).Select(_ => (float)(random.NextDouble() - 0.5))];
        using var unique = new DeviceUnique(device, rows.Slots);
        using MemoryBuffer1D<float, Stride1D.Dense> sent = device.Accelerator.Allocate1D(gradients);
        using MemoryBuffer1D<float, Stride1D.Dense> sums = device.Accelerator.Allocate1D<float>(unique.RowsView.Length * Width);
        AcceleratorStream stream = device.Accelerator.DefaultStream;
        SegmentSumKernel.Load(device)(stream, device.Grid(sums.Length), sent.View, Width, unique.OrderView, unique.BeginsView, unique.RowsView.Length, sums.View);
        ApplyKernel<float, F32>.LoadSgd(device)(stream, device.Grid(sums.Length), rows.Slab.As<float>(), rows.Slab.Stride<float>(), unique.RowsView, Width, sums.View, Rate, 0);
        stream.Synchronize();

        float[] expectedSums = new float[rows.Values.Length];
        for (int i = 0; i < gradients.Length; i++)
        {
            expectedSums[(rows.Slots[i / Width] * Width) + (i % Width)] += gradients[i];
        }

        for (int i = 0; i < rows.Values.Length; i++)
        {
            rows.Values[i] -= Rate * expectedSums[i];
        }

        LaneHalf half = rows.Lane.First;
        half.Clear();
        new RowGather(device, rows.Slab).Start(half, rows.Slots, null, out GatherPass pass);
        half.Wait();
        return half.Host(pass.Rows).SequenceEqual(MemoryMarshal.AsBytes<float>(rows.Picked()));
    }

    /// <summary>Random rows in a slab, and some slots of it.</summary>
    private sealed class CheckedRows : IDisposable
    {
        private const int SlotCount = 500;

        public CheckedRows(GpuDevice device, int width, Func<Random, float> next)
        {
            var random = new Random(width);
            Width = width;
            Values = [.. Enumerable.Range(0, RowCount * width).Select(_ => next(random))];
            Slots = [.. Enumerable.Range(0, SlotCount).Select(_ => random.Next(RowCount))];
            Slab = Slab.TryAllocate(device, new RowLayout(new RowFormat(ElementType.F32, width)), RowCount) ?? throw new DeviceFaultException("No memory.");
            Lane = Lane.TryMake(device, 64 << 20) ?? throw new DeviceFaultException("No memory.");
            Fill(device);
        }

        public int Width { get; }

        public float[] Values { get; }

        public int[] Slots { get; }

        public Slab Slab { get; }

        public Lane Lane { get; }

        public float[] Picked() => [.. Slots.SelectMany(slot => Values.AsSpan(slot * Width, Width).ToArray())];

        public void Dispose()
        {
            Lane.Dispose();
            Slab.Dispose();
        }

        private void Fill(GpuDevice device)
        {
            LaneHalf half = Lane.First;
            int stride = Slab.Layout.StrideByteCount;
            Part<byte> data = half.Take<byte>(RowCount * stride);
            Part<int> slots = half.Take<int>(RowCount);
            Part<long> versions = half.Take<long>(RowCount);
            for (int row = 0; row < RowCount; row++)
            {
                MemoryMarshal.AsBytes(Values.AsSpan(row * Width, Width)).CopyTo(half.Host(data)[(row * stride)..]);
                half.Host(slots)[row] = row;
                half.Host(versions)[row] = 1;
            }

            half.Upload(data);
            half.Upload(slots);
            half.Upload(versions);
            int shift = Walk.LaneShift(stride / RowLayout.Alignment, device.GroupSize);
            ScatterKernel.Load(device)(
                half.Stream,
                device.Grid((long)RowCount << shift),
                half.Device(data).Cast<Float4>(),
                half.Device(slots),
                half.Device(versions),
                stride / RowLayout.Alignment,
                shift,
                Slab.As<Float4>(),
                Slab.Words);
            half.Wait();
        }
    }
}
