using ILGPU;
using ILGPU.Runtime;

namespace EmbedStore.Gpu;

/// <summary>Puts rows into their slots, with their versions.</summary>
/// <remarks>
/// <para>Formula: <c>slab[slots[i], :] = rows[i, :]</c>, <c>words[slots[i]] = versions[i]</c>. A version of 0 empties the slot, which holds zeros then.</para>
/// <para>Shapes: rows [n, stride], slots [n], versions [n]; slots differ from each other and were checked before the launch; one below 0 is passed over.</para>
/// <para>Units: 16 bytes; the stride is a multiple of that. Edges: n of 0 launches nothing. Nobody reads these slots meanwhile.</para>
/// <para>Reference: a copy row by row.</para>
/// </remarks>
internal static class ScatterKernel
{
    /// <summary>Loads it.</summary>
    public static Action<AcceleratorStream, KernelConfig, ArrayView<Float4>, ArrayView<int>, ArrayView<long>, int, int, ArrayView<Float4>, ArrayView<long>> Load(GpuDevice device) =>
        device.Load(typeof(ScatterKernel), nameof(Run), static accelerator =>
            accelerator.LoadKernel<ArrayView<Float4>, ArrayView<int>, ArrayView<long>, int, int, ArrayView<Float4>, ArrayView<long>>(Run));

    public static void Run(
        ArrayView<Float4> rows, ArrayView<int> slots, ArrayView<long> versions, int stride, int laneShift, ArrayView<Float4> slab, ArrayView<long> words)
    {
        long thread = Walk.Thread;
        int laneCount = 1 << laneShift;
        int lane = (int)(thread & (laneCount - 1));
        long step = Walk.ThreadCount >> laneShift;
        for (long row = thread >> laneShift; row < slots.Length; row += step)
        {
            int slot = slots[row];
            if (slot < 0)
            {
                continue;
            }

            long version = versions[row];
            for (int unit = lane; unit < stride; unit += laneCount)
            {
                slab[Walk.Place(slot, stride, unit)] = version == 0 ? default : rows[Walk.Place(row, stride, unit)];
            }

            if (lane == 0)
            {
                words[slot] = version;
            }
        }
    }
}
