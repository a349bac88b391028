using ILGPU;
using ILGPU.Runtime;

namespace EmbedStore.Gpu;

/// <summary>Rows of a slab in the order that is asked for, converted to the answer's type on their way.</summary>
/// <remarks>
/// <para>Formula: <c>destination[i, k] = narrow(scale[slots[i]] · widen(slab[slots[i], k]))</c>; without a scale that is 1.</para>
/// <para>Shapes: as <see cref="GatherKernel{TUnit}"/>; a scale is a binary32 at the beginning of its row, before the elements.</para>
/// <para>Units: elements, or packs of four where a row is a multiple of four.</para>
/// <para>Edges: one rounding, to nearest, ties to even; too large becomes infinity; NaN stays NaN. Reference: <c>ElementConverter</c>, <c>ScaledRow</c>.</para>
/// </remarks>
internal static class ConvertKernel<TStored, TNumber, TAnswer, TWiden, TNarrow>
    where TStored : unmanaged
    where TNumber : unmanaged
    where TAnswer : unmanaged
    where TWiden : unmanaged, IWiden<TStored, TNumber>
    where TNarrow : unmanaged, INarrow<TNumber, TAnswer>
{
    /// <summary>Loads it.</summary>
    public static Action<AcceleratorStream, KernelConfig, ArrayView<TStored>, long, ArrayView<int>, int, int, ArrayView<TAnswer>, ArrayView<long>, ArrayView<long>> Load(GpuDevice device) =>
        device.Load(typeof(ConvertKernel<TStored, TNumber, TAnswer, TWiden, TNarrow>), nameof(Run), static accelerator =>
            accelerator.LoadKernel<ArrayView<TStored>, long, ArrayView<int>, int, int, ArrayView<TAnswer>, ArrayView<long>, ArrayView<long>>(Run));

    public static void Run(
        ArrayView<TStored> slab, long stride, ArrayView<int> slots, int unitCount, int laneShift, ArrayView<TAnswer> destination, ArrayView<long> words, ArrayView<long> versions)
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
                TNumber number = default(TWiden).Widen(slab[Walk.Place(slot, stride, unit)]);
                destination[Walk.Place(row, unitCount, unit)] = default(TNarrow).Narrow(number);
            }

            if (lane == 0)
            {
                versions[row] = words[slot];
            }
        }
    }
}

/// <inheritdoc cref="ConvertKernel{TStored, TNumber, TAnswer, TWiden, TNarrow}"/>
internal static class ScaledKernel<TAnswer, TNarrow>
    where TAnswer : unmanaged
    where TNarrow : unmanaged, INarrow<float, TAnswer>
{
    /// <summary>Bytes of a scale.</summary>
    private const int ScaleByteCount = sizeof(float);

    /// <summary>Loads it.</summary>
    public static Action<AcceleratorStream, KernelConfig, ArrayView<sbyte>, ArrayView<float>, long, ArrayView<int>, int, int, ArrayView<TAnswer>, ArrayView<long>, ArrayView<long>> Load(GpuDevice device) =>
        device.Load(typeof(ScaledKernel<TAnswer, TNarrow>), nameof(Run), static accelerator =>
            accelerator.LoadKernel<ArrayView<sbyte>, ArrayView<float>, long, ArrayView<int>, int, int, ArrayView<TAnswer>, ArrayView<long>, ArrayView<long>>(Run));

    // The slab comes twice, as bytes and as numbers; its stride is in bytes.
    public static void Run(
        ArrayView<sbyte> elements, ArrayView<float> scales, long stride, ArrayView<int> slots, int width, int laneShift, ArrayView<TAnswer> destination, ArrayView<long> words, ArrayView<long> versions)
    {
        long thread = Walk.Thread;
        int laneCount = 1 << laneShift;
        int lane = (int)(thread & (laneCount - 1));
        long step = Walk.ThreadCount >> laneShift;
        for (long row = thread >> laneShift; row < slots.Length; row += step)
        {
            int slot = slots[row];
            float scale = scales[Walk.Place(slot, stride / ScaleByteCount, 0)];
            for (int column = lane; column < width; column += laneCount)
            {
                float value = Ieee.Multiply(scale, elements[Walk.Place(slot, stride, ScaleByteCount + column)]);
                destination[Walk.Place(row, width, column)] = default(TNarrow).Narrow(value);
            }

            if (lane == 0)
            {
                versions[row] = words[slot];
            }
        }
    }
}
