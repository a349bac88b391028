using ILGPU;
using ILGPU.Runtime;

namespace EmbedStore.Gpu;

/// <summary>Rows of a slab, side by side in the order that is asked for, as they are stored.</summary>
/// <remarks>
/// <para>Formula: <c>destination[i, :] = slab[slots[i], :]</c>, <c>versions[i] = words[slots[i]]</c>.</para>
/// <para>Shapes: slab [slots, stride], of which the first units of a row are its data; slots [n], each checked before the launch; destination [n, units]; words [slots]; versions [n].</para>
/// <para>Units: <typeparamref name="TUnit"/> is what one load takes: 16 bytes where rows are a multiple of that, else 8, 4, 2 or 1. The stride is a multiple of 16 bytes.</para>
/// <para>Edges: n of 0 launches nothing; repeats are fine; bits pass unchanged, NaN payloads too. Elements are counted in 64 bits.</para>
/// <para>Reference: a copy row by row; <c>CpuGather</c> of EmbedStore.Serving.</para>
/// </remarks>
internal static class GatherKernel<TUnit>
    where TUnit : unmanaged
{
    /// <summary>Loads it.</summary>
    public static Action<AcceleratorStream, KernelConfig, ArrayView<TUnit>, long, ArrayView<int>, int, int, ArrayView<TUnit>, ArrayView<long>, ArrayView<long>> Load(GpuDevice device) =>
        device.Load(typeof(GatherKernel<TUnit>), nameof(Run), static accelerator =>
            accelerator.LoadKernel<ArrayView<TUnit>, long, ArrayView<int>, int, int, ArrayView<TUnit>, ArrayView<long>, ArrayView<long>>(Run));

    /// <param name="slab">Rows.</param>
    /// <param name="stride">From a row to the next. Unit: <typeparamref name="TUnit"/>.</param>
    /// <param name="slots">Which.</param>
    /// <param name="unitCount">Of a row.</param>
    /// <param name="laneShift">See <see cref="Walk.LaneShift"/>.</param>
    /// <param name="destination">Where to.</param>
    /// <param name="words">Version of each slot.</param>
    /// <param name="versions">Version of each row.</param>
    public static void Run(
        ArrayView<TUnit> slab, long stride, ArrayView<int> slots, int unitCount, int laneShift, ArrayView<TUnit> destination, ArrayView<long> words, ArrayView<long> versions)
    {
        long thread = Walk.Thread;
        int laneCount = 1 << laneShift;
        int lane = (int)(thread & (laneCount - 1));
        long step = Walk.ThreadCount >> laneShift;
        for (long row = thread >> laneShift; row < slots.Length; row += step)
        {
            int slot = slots[row];
            for (int unit = lane; unit < unitCount; unit += laneCount)
            {
                destination[Walk.Place(row, unitCount, unit)] = slab[Walk.Place(slot, stride, unit)];
            }

            if (lane == 0)
            {
                versions[row] = words[slot];
            }
        }
    }
}
