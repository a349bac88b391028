using ILGPU;
using ILGPU.Runtime;

namespace EmbedStore.Gpu;

/// <summary>Finds queries that a row equals bit for bit.</summary>
/// <remarks>
/// <para>Formula: <c>found[q] = 1</c> when some row of [first, first + rowCount) has the bits of <c>queries[q, :]</c>; else it stays.</para>
/// <para>Shapes: slab [slots, stride] and queries [Q, width] of words of 16 or 32 bits, as rows are stored; words [slots]; found [Q].</para>
/// <para>Edges: several rows write the same 1. Reference: <c>ExactQueries</c>.</para>
/// </remarks>
internal static class ExactKernel<TWord>
    where TWord : unmanaged, IEquatable<TWord>
{
    /// <summary>Loads it.</summary>
    public static Action<AcceleratorStream, KernelConfig, ArrayView<TWord>, long, long, int, int, ArrayView<TWord>, ArrayView<long>, int, ArrayView<int>> Load(GpuDevice device) =>
        device.Load(typeof(ExactKernel<TWord>), nameof(Run), static accelerator =>
            accelerator.LoadKernel<ArrayView<TWord>, long, long, int, int, ArrayView<TWord>, ArrayView<long>, int, ArrayView<int>>(Run));

    public static void Run(
        ArrayView<TWord> slab, long stride, long first, int rowCount, int width, ArrayView<TWord> queries, ArrayView<long> words, int skipsMissing, ArrayView<int> found)
    {
        for (long i = Walk.Thread; i < rowCount; i += Walk.ThreadCount)
        {
            long slot = first + i;
            if (skipsMissing != 0 && words[slot] == 0)
            {
                continue;
            }

            for (long query = 0; query < found.Length; query++)
            {
                int column = 0;
                while (column < width && slab[Walk.Place(slot, stride, column)].Equals(queries[Walk.Place(query, width, column)]))
                {
                    column++;
                }

                if (column == width)
                {
                    found[query] = 1;
                }
            }
        }
    }
}
