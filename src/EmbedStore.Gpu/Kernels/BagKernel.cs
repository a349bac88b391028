using ILGPU;
using ILGPU.Runtime;

namespace EmbedStore.Gpu;

/// <summary>How rows are pooled. Numbers, because they go to the device.</summary>
internal static class BagMode
{
    public const int Sum = 0;
    public const int Weighted = 1;
    public const int Mean = 2;
    public const int Max = 3;
}

/// <summary>What a thread pools: one column, or four.</summary>
/// <typeparam name="TStored">As it stands in the slab.</typeparam>
/// <typeparam name="TSum">What is pooled in.</typeparam>
internal interface IPool<TStored, TSum>
    where TStored : unmanaged
    where TSum : unmanaged
{
    TSum Add(TSum sum, TStored row);

    TSum AddWeighted(TSum sum, TStored row, double weight);

    TSum Max(TSum sum, TStored row, bool isFirst);

    TSum Divide(TSum sum, int count);
}

/// <summary>Rows of bags, pooled where they lie: of all rows that are read only the bags leave the device.</summary>
/// <remarks>
/// <para>Formula: torch.nn.functional.embedding_bag. <c>pooled[b, :]</c> is the sum, the weighted sum, the mean or the largest of <c>slab[slots[j], :]</c>, j in [begins[b], begins[b + 1]).</para>
/// <para>Shapes: slab as <see cref="GatherKernel{TUnit}"/>; slots [n], checked before the launch, padding left out; begins [bags + 1], rising; weights [n] or empty; pooled [bags, units].</para>
/// <para>Order: rows are taken in the order of their slots with one rounding for each product and each sum, so the result has the bits of <c>BagPool</c> of EmbedStore.Serving, its reference; weighted sums of binary64 excepted, see <see cref="Pool64"/>.</para>
/// <para>Edges: an empty bag is zeros in every mode; max keeps the first of equal values, and a NaN only where it begins the bag; a mean divides, it does not multiply by a reciprocal.</para>
/// </remarks>
internal static class BagKernel<TStored, TSum, TPool>
    where TStored : unmanaged
    where TSum : unmanaged
    where TPool : unmanaged, IPool<TStored, TSum>
{
    /// <summary>Loads it.</summary>
    public static Action<AcceleratorStream, KernelConfig, ArrayView<TStored>, long, ArrayView<int>, ArrayView<long>, ArrayView<double>, int, int, int, ArrayView<TSum>> Load(GpuDevice device) =>
        device.Load(typeof(BagKernel<TStored, TSum, TPool>), nameof(Run), static accelerator =>
            accelerator.LoadKernel<ArrayView<TStored>, long, ArrayView<int>, ArrayView<long>, ArrayView<double>, int, int, int, ArrayView<TSum>>(Run));

    public static void Run(
        ArrayView<TStored> slab,
        long stride,
        ArrayView<int> slots,
        ArrayView<long> begins,
        ArrayView<double> weights,
        int mode,
        int unitCount,
        int laneShift,
        ArrayView<TSum> pooled)
    {
        long thread = Walk.Thread;
        int laneCount = 1 << laneShift;
        int lane = (int)(thread & (laneCount - 1));
        long step = Walk.ThreadCount >> laneShift;
        for (long bag = thread >> laneShift; bag < begins.Length - 1; bag += step)
        {
            long begin = begins[bag];
            long end = begins[bag + 1];
            for (int unit = lane; unit < unitCount; unit += laneCount)
            {
                TSum sum = mode == BagMode.Max ? MaxOf(slab, stride, slots, begin, end, unit)
                    : mode == BagMode.Weighted ? WeightedSumOf(slab, stride, slots, weights, begin, end, unit)
                    : SumOf(slab, stride, slots, begin, end, unit);
                if (mode == BagMode.Mean && end - begin > 1)
                {
                    sum = default(TPool).Divide(sum, (int)(end - begin));
                }

                pooled[Walk.Place(bag, unitCount, unit)] = sum;
            }
        }
    }

    private static TSum SumOf(ArrayView<TStored> slab, long stride, ArrayView<int> slots, long begin, long end, int unit)
    {
        TSum sum = default;
        long at = begin;

        // Four loads are on their way before the first is added; the order of the sums stays.
        for (; at + 4 <= end; at += 4)
        {
            TStored a = slab[Walk.Place(slots[at], stride, unit)];
            TStored b = slab[Walk.Place(slots[at + 1], stride, unit)];
            TStored c = slab[Walk.Place(slots[at + 2], stride, unit)];
            TStored d = slab[Walk.Place(slots[at + 3], stride, unit)];
            sum = default(TPool).Add(sum, a);
            sum = default(TPool).Add(sum, b);
            sum = default(TPool).Add(sum, c);
            sum = default(TPool).Add(sum, d);
        }

        for (; at < end; at++)
        {
            sum = default(TPool).Add(sum, slab[Walk.Place(slots[at], stride, unit)]);
        }

        return sum;
    }

    private static TSum WeightedSumOf(ArrayView<TStored> slab, long stride, ArrayView<int> slots, ArrayView<double> weights, long begin, long end, int unit)
    {
        TSum sum = default;
        for (long at = begin; at < end; at++)
        {
            sum = default(TPool).AddWeighted(sum, slab[Walk.Place(slots[at], stride, unit)], weights[at]);
        }

        return sum;
    }

    private static TSum MaxOf(ArrayView<TStored> slab, long stride, ArrayView<int> slots, long begin, long end, int unit)
    {
        TSum max = default;
        for (long at = begin; at < end; at++)
        {
            max = default(TPool).Max(max, slab[Walk.Place(slots[at], stride, unit)], at == begin);
        }

        return max;
    }
}
