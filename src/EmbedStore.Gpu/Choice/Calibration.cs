using System.Diagnostics;
using System.Numerics.Tensors;
using EmbedStore.Serving;
using EmbedStore.Shards;
using EmbedStore.Tensors;

namespace EmbedStore.Gpu;

/// <summary>Short measurements of the device and of the processor, on rows of 64 numbers.</summary>
/// <remarks>The processor's side is a copy, a sum and a distance out of a block that its cache does not hold: what its row cache, pooling and search do for each row at least. The best of several runs counts.</remarks>
internal static class Calibration
{
    private const int Width = 64;
    private const int BagLength = 64;
    private const int FewRows = 256;
    private const int ManyRows = 8192;
    private const int TableRows = 1 << 16;

    /// <returns>Costs; of a device that failed or has no memory, costs that it never meets.</returns>
    public static (OperationCost Gather, OperationCost Bag, OperationCost Nearest) Run(GpuDevice device, LanePool lanes, TimeSpan time)
    {
        var never = new OperationCost(double.PositiveInfinity, 1, 0);
        if (lanes.TryRent() is not { } lane)
        {
            return (never, never, never);
        }

        try
        {
            device.Enter();
            using Slab? slab = Slab.TryAllocate(device, new RowLayout(new RowFormat(ElementType.F32, Width)), device.IsProcessor ? ManyRows : TableRows);
            return slab is null ? (never, never, never) : Run(device, slab, lane.First, time);
        }
        catch (Exception e) when (GpuDevice.IsDeviceFault(e))
        {
            device.GiveUp(e);
            return (never, never, never);
        }
        finally
        {
            lanes.Return(lane);
        }
    }

    private static (OperationCost Gather, OperationCost Bag, OperationCost Nearest) Run(GpuDevice device, Slab slab, LaneHalf half, TimeSpan time)
    {
        var random = new Random(1);
        int rowBytes = Width * sizeof(float);
        int many = Math.Min(ManyRows, half.ByteCount / 2 / rowBytes) / BagLength * BagLength;
        int few = Math.Min(FewRows, many / 2) / BagLength * BagLength;
        int[] slots = [.. Enumerable.Range(0, many).Select(_ => random.Next(slab.SlotCount))];
        float[] table = new float[TableRows * Width];
        float[] target = new float[many * Width];
        var gather = new RowGather(device, slab);
        BagRun bags = BagRun.TryMake(device, slab)!;
        NearestRun nearest = NearestRun.TryMake(device, slab)!;

        OperationCost gatherCost = OperationCost.Of(
            few * rowBytes,
            Best(time, () => Gather(gather, half, slots.AsSpan(0, few))),
            many * rowBytes,
            Best(time, () => Gather(gather, half, slots)),
            Best(time, () => Copy(table, slots, target)) / (many * rowBytes));
        OperationCost bagCost = OperationCost.Of(
            few * rowBytes,
            Best(time, () => Pool(bags, half, slots.AsSpan(0, few))),
            many * rowBytes,
            Best(time, () => Pool(bags, half, slots)),
            Best(time, () => Sum(table, slots, target)) / (many * rowBytes));
        OperationCost nearestCost = OperationCost.Of(
            few * Width,
            Best(time, () => Search(nearest, half, few)),
            many * Width,
            Best(time, () => Search(nearest, half, many)),
            Best(time, () => Distances(table, many, target)) / (many * Width));
        return (gatherCost, bagCost, nearestCost);
    }

    /// <summary>Unit: seconds.</summary>
    private static double Best(TimeSpan time, Action run)
    {
        // The first run compiles and warms up.
        run();
        double best = double.PositiveInfinity;
        for (long began = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(began) < time || double.IsInfinity(best);)
        {
            long start = Stopwatch.GetTimestamp();
            run();
            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        return best;
    }

    private static void Gather(RowGather gather, LaneHalf half, ReadOnlySpan<int> slots)
    {
        half.Clear();
        gather.Start(half, slots, null, out _);
        half.Wait();
    }

    private static void Pool(BagRun bags, LaneHalf half, ReadOnlySpan<int> slots)
    {
        Span<long> begins = stackalloc long[(slots.Length / BagLength) + 1];
        for (int bag = 0; bag < begins.Length; bag++)
        {
            begins[bag] = bag * BagLength;
        }

        half.Clear();
        bags.Start(half, slots, begins, [], PoolingMode.Sum);
        half.Wait();
    }

    private static void Search(NearestRun nearest, LaneHalf half, int rowCount)
    {
        const int Count = 10;
        var batch = new NearestBatch
        {
            Queries = new float[Width],
            StoredQueries = new byte[Width * sizeof(float)],
            CanBeRow = [true],
            Count = Count,
            Metric = NearestMetric.L2,
            SkipsMissing = false,
        };
        nearest.TryRun(half, batch, rowCount, stackalloc long[Count], stackalloc float[Count], stackalloc bool[1]);
    }

    private static void Copy(float[] table, int[] slots, float[] target)
    {
        for (int i = 0; i < slots.Length; i++)
        {
            table.AsSpan(slots[i] * Width, Width).CopyTo(target.AsSpan(i * Width));
        }
    }

    private static void Sum(float[] table, int[] slots, float[] target)
    {
        for (int i = 0; i < slots.Length; i++)
        {
            Span<float> bag = target.AsSpan(i / BagLength * Width, Width);
            TensorPrimitives.Add(table.AsSpan(slots[i] * Width, Width), bag, bag);
        }
    }

    private static void Distances(float[] table, int rowCount, float[] target)
    {
        ReadOnlySpan<float> query = table.AsSpan(0, Width);
        for (int i = 0; i < rowCount; i++)
        {
            target[i] = TensorPrimitives.Distance(query, table.AsSpan(i * Width, Width));
        }
    }
}
