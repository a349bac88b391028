using ILGPU;

namespace EmbedStore.Gpu;

/// <summary>Sorts what a group of threads holds in its shared memory: bitonic, so that the steps depend on the length alone.</summary>
internal static class GroupSort
{
    /// <summary>Most items of a group. 16 KiB of shared memory.</summary>
    public const int LengthMax = 2048;

    /// <summary>Sorts runs of <paramref name="sizeFirst"/> to <paramref name="sizeLast"/> items, by all threads of the group. Ascending where the place in the whole has not the bit of the size.</summary>
    /// <param name="items">In shared memory.</param>
    /// <param name="length">A power of two.</param>
    /// <param name="place">Of the first item in the whole.</param>
    /// <param name="sizeFirst">A power of two: shorter runs are sorted already.</param>
    /// <param name="sizeLast">A power of two: at the end items are sorted, one way and the other, in runs of this.</param>
    public static void Sort(ArrayView<ulong> items, int length, long place, long sizeFirst, long sizeLast)
    {
        for (long size = sizeFirst; size <= sizeLast; size <<= 1)
        {
            int strideFirst = size > length ? length >> 1 : (int)(size >> 1);
            for (int stride = strideFirst; stride > 0; stride >>= 1)
            {
                ILGPU.Group.Barrier();
                for (int pair = ILGPU.Group.IdxX; pair < length >> 1; pair += ILGPU.Group.DimX)
                {
                    int low = (2 * pair) - (pair & (stride - 1));
                    Exchange(items, low, low + stride, ((place + low) & size) == 0);
                }
            }
        }

        ILGPU.Group.Barrier();
    }

    /// <summary>Brings two items into order.</summary>
    public static void Exchange(ArrayView<ulong> items, long low, long high, bool isAscending)
    {
        ulong a = items[low];
        ulong b = items[high];
        if ((a > b) == isAscending && a != b)
        {
            items[low] = b;
            items[high] = a;
        }
    }
}
