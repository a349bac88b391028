using ILGPU;
using ILGPU.Runtime;

namespace EmbedStore.Gpu;

/// <summary>The gradients of each distinct row, summed.</summary>
/// <remarks>
/// <para>Formula: <c>sums[u, k] = Σ gradients[position(order[j]), k]</c>, j from begins[u] to begins[u + 1], in that order, from 0.</para>
/// <para>Shapes: gradients [n, width]; order and begins of <see cref="UniqueKernel"/>; sums [U, width].</para>
/// <para>Rounding: one for each sum, in the order in which entries came, so the bits are those of <c>RowTrainer</c> of EmbedStore.Shards, its reference. No atomics.</para>
/// </remarks>
internal static class SegmentSumKernel
{
    /// <summary>Loads it.</summary>
    public static Action<AcceleratorStream, KernelConfig, ArrayView<float>, int, ArrayView<ulong>, ArrayView<int>, long, ArrayView<float>> Load(GpuDevice device) =>
        device.Load(typeof(SegmentSumKernel), nameof(Run), static accelerator =>
            accelerator.LoadKernel<ArrayView<float>, int, ArrayView<ulong>, ArrayView<int>, long, ArrayView<float>>(Run));

    public static void Run(ArrayView<float> gradients, int width, ArrayView<ulong> order, ArrayView<int> begins, long rowCount, ArrayView<float> sums)
    {
        for (long at = Walk.Thread; at < Walk.Place(rowCount, width, 0); at += Walk.ThreadCount)
        {
            long row = at / width;
            int column = (int)(at % width);
            float sum = 0;
            for (int j = begins[row]; j < begins[row + 1]; j++)
            {
                sum += gradients[Walk.Place((long)(order[j] & uint.MaxValue), width, column)];
            }

            sums[at] = sum;
        }
    }
}
