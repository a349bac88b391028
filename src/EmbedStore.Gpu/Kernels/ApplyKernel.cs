using ILGPU;
using ILGPU.Runtime;

namespace EmbedStore.Gpu;

/// <summary>One step of training on rows that lie on the device: distinct rows, summed gradients.</summary>
/// <remarks>
/// <para>Formula, sgd: <c>w −= rate · (g + decay · w)</c>. Formula, rowwise_adagrad: <c>m += mean(g²)</c>, <c>w −= rate / (√m + ε) · g</c>; the mean is summed in binary64 from the first column to the last.</para>
/// <para>Shapes: slab [slots, stride]; slots [U], distinct, checked before the launch; gradients [U, width]; state [slots], zeros for a new row; factors [U].</para>
/// <para>Rounding: in binary32, each operation once, in the processor's order: rows of F32, F16 and BF16 get the bits of <c>SgdOptimizer</c> and <c>RowwiseAdagradOptimizer</c> of EmbedStore.Shards, which are the reference.
/// 16 bits are rounded to nearest; stochastic rounding is the processor's.</para>
/// <para>Edges: ε of 0 and no gradient yet divides 0 by 0, as the reference does.</para>
/// </remarks>
internal static class ApplyKernel<TStored, TElement>
    where TStored : unmanaged
    where TElement : unmanaged, IWiden<TStored, float>, INarrow<float, TStored>
{
    /// <summary>Loads <see cref="Sgd"/>.</summary>
    public static Action<AcceleratorStream, KernelConfig, ArrayView<TStored>, long, ArrayView<int>, int, ArrayView<float>, float, float> LoadSgd(GpuDevice device) =>
        device.Load(typeof(ApplyKernel<TStored, TElement>), nameof(Sgd), static accelerator =>
            accelerator.LoadKernel<ArrayView<TStored>, long, ArrayView<int>, int, ArrayView<float>, float, float>(Sgd));

    /// <summary>Loads <see cref="AdagradState"/>.</summary>
    public static Action<AcceleratorStream, KernelConfig, ArrayView<int>, int, ArrayView<float>, float, float, ArrayView<float>, ArrayView<float>> LoadAdagradState(GpuDevice device) =>
        device.Load(typeof(ApplyKernel<TStored, TElement>), nameof(AdagradState), static accelerator =>
            accelerator.LoadKernel<ArrayView<int>, int, ArrayView<float>, float, float, ArrayView<float>, ArrayView<float>>(AdagradState));

    /// <summary>Loads <see cref="AdagradRows"/>.</summary>
    public static Action<AcceleratorStream, KernelConfig, ArrayView<TStored>, long, ArrayView<int>, int, ArrayView<float>, ArrayView<float>> LoadAdagradRows(GpuDevice device) =>
        device.Load(typeof(ApplyKernel<TStored, TElement>), nameof(AdagradRows), static accelerator =>
            accelerator.LoadKernel<ArrayView<TStored>, long, ArrayView<int>, int, ArrayView<float>, ArrayView<float>>(AdagradRows));

    public static void Sgd(ArrayView<TStored> slab, long stride, ArrayView<int> slots, int width, ArrayView<float> gradients, float rate, float decay)
    {
        for (long at = Walk.Thread; at < Walk.Place(slots.Length, width, 0); at += Walk.ThreadCount)
        {
            long place = Walk.Place(slots[at / width], stride, at % width);
            float w = default(TElement).Widen(slab[place]);
            float step = Ieee.Multiply(rate, gradients[at] + Ieee.Multiply(decay, w));
            slab[place] = default(TElement).Narrow(w - step);
        }
    }

    /// <summary>The first half of rowwise_adagrad: one thread a row.</summary>
    public static void AdagradState(ArrayView<int> slots, int width, ArrayView<float> gradients, float rate, float epsilon, ArrayView<float> state, ArrayView<float> factors)
    {
        for (long row = Walk.Thread; row < slots.Length; row += Walk.ThreadCount)
        {
            double sum = 0;
            for (int column = 0; column < width; column++)
            {
                // Exact, so that it does not matter whether the device fuses it with the sum.
                double g = gradients[Walk.Place(row, width, column)];
                sum += g * g;
            }

            float mean = (float)(sum / width);
            float m = state[slots[row]] + mean;
            state[slots[row]] = m;
            factors[row] = rate / (Ieee.Sqrt(m) + epsilon);
        }
    }

    /// <summary>The second half of rowwise_adagrad.</summary>
    public static void AdagradRows(ArrayView<TStored> slab, long stride, ArrayView<int> slots, int width, ArrayView<float> gradients, ArrayView<float> factors)
    {
        for (long at = Walk.Thread; at < Walk.Place(slots.Length, width, 0); at += Walk.ThreadCount)
        {
            long row = at / width;
            long place = Walk.Place(slots[row], stride, at % width);
            float w = default(TElement).Widen(slab[place]);
            slab[place] = default(TElement).Narrow(w - Ieee.Multiply(factors[row], gradients[at]));
        }
    }
}
