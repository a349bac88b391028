using ILGPU;
using ILGPU.Runtime;

namespace EmbedStore.Gpu;

/// <summary>The lowest keys of each query; of equal keys the lower row.</summary>
/// <remarks>
/// <para>Formula: of the pairs (key, row) of a query the <c>count</c> smallest, in order. A pair is one 64-bit number (<see cref="Pack"/>), so the order is total and the answer does not depend on who came first.</para>
/// <para>Shapes: keys [Q, rowCount]; words [slots] of the whole table; candidates [Q, segments + 1, count], where place 0 is what earlier parts left and the others are what the segments of this part gave.</para>
/// <para>A group keeps what may belong to the answer in shared memory: an item that is not below the worst of the <c>count</c> kept is not looked at again; a full buffer is sorted and cut.</para>
/// <para>Edges: NaN is never taken; −0 and 0 are equal; <see cref="None"/> stands where there are no more. Reference: <c>TopRows</c>.</para>
/// </remarks>
internal static class TopKernel
{
    /// <summary>No row: behind every other.</summary>
    public const ulong None = ulong.MaxValue;

    /// <summary>Most rows of a query.</summary>
    public const int CountMax = 1024;

    /// <summary>Loads <see cref="Select"/>.</summary>
    public static Action<AcceleratorStream, KernelConfig, ArrayView<float>, long, int, int, int, ArrayView<long>, int, ArrayView<ulong>> LoadSelect(GpuDevice device) =>
        device.Load(typeof(TopKernel), nameof(Select), static accelerator =>
            accelerator.LoadKernel<ArrayView<float>, long, int, int, int, ArrayView<long>, int, ArrayView<ulong>>(Select));

    /// <summary>Loads <see cref="Merge"/>.</summary>
    public static Action<AcceleratorStream, KernelConfig, int, int, int, ArrayView<ulong>> LoadMerge(GpuDevice device) =>
        device.Load(typeof(TopKernel), nameof(Merge), static accelerator => accelerator.LoadKernel<int, int, int, ArrayView<ulong>>(Merge));

    /// <summary>A key and its row as one number that sorts as they do.</summary>
    public static ulong Pack(float key, long row)
    {
        if (Ieee.IsNaN(key))
        {
            return None;
        }

        // Adding 0 makes 0 of −0.
        uint bits = Ieee.Bits(key + 0f);
        uint ordered = (bits & 0x8000_0000) != 0 ? ~bits : bits | 0x8000_0000;
        return ((ulong)ordered << 32) | (uint)row;
    }

    /// <summary>The key of a packed pair.</summary>
    public static float KeyOf(ulong packed)
    {
        uint ordered = (uint)(packed >> 32);
        return Ieee.Number((ordered & 0x8000_0000) != 0 ? ordered & 0x7FFF_FFFF : ~ordered);
    }

    /// <summary>The row of a packed pair.</summary>
    public static long RowOf(ulong packed) => (long)(packed & uint.MaxValue);

    /// <param name="keys">Of one part of the table.</param>
    /// <param name="first">Row that the part begins with.</param>
    /// <param name="rowCount">Of the part.</param>
    /// <param name="segmentCount">Groups that share a query.</param>
    /// <param name="count">Rows that are asked for.</param>
    /// <param name="words">Versions by slot.</param>
    /// <param name="skipsMissing">Not 0: rows without a version are no candidates.</param>
    /// <param name="candidates">Place 1 and up are written.</param>
    public static void Select(
        ArrayView<float> keys, long first, int rowCount, int segmentCount, int count, ArrayView<long> words, int skipsMissing, ArrayView<ulong> candidates)
    {
        ArrayView<ulong> kept = SharedMemory.Allocate1D<ulong>(GroupSort.LengthMax);
        ref int fill = ref SharedMemory.Allocate<int>();
        ref ulong bound = ref SharedMemory.Allocate<ulong>();
        long queryCount = keys.Length / rowCount;
        int perSegment = (rowCount + segmentCount - 1) / segmentCount;
        for (long at = Grid.IdxX; at < Walk.Place(queryCount, segmentCount, 0); at += Grid.DimX)
        {
            long query = at / segmentCount;
            int segment = (int)(at % segmentCount);
            int begin = segment * perSegment;
            int end = IntrinsicMath.Min(begin + perSegment, rowCount);
            Begin(kept, ref fill, ref bound);
            for (int from = begin; from < end; from += Group.DimX)
            {
                int i = from + Group.IdxX;
                ulong item = None;
                if (i < end && (skipsMissing == 0 || words[first + i] != 0))
                {
                    item = Pack(keys[Walk.Place(query, rowCount, i)], first + i);
                }

                Offer(kept, ref fill, ref bound, count, item);
            }

            Finish(kept, count, candidates, Walk.Place(query, segmentCount + 1, segment + 1));
        }
    }

    /// <param name="queryCount">Q.</param>
    /// <param name="segmentCount">As of <see cref="Select"/>.</param>
    /// <param name="count">As of <see cref="Select"/>.</param>
    /// <param name="candidates">Place 0 becomes the best of all.</param>
    public static void Merge(int queryCount, int segmentCount, int count, ArrayView<ulong> candidates)
    {
        ArrayView<ulong> kept = SharedMemory.Allocate1D<ulong>(GroupSort.LengthMax);
        ref int fill = ref SharedMemory.Allocate<int>();
        ref ulong bound = ref SharedMemory.Allocate<ulong>();
        int itemCount = (segmentCount + 1) * count;
        for (long query = Grid.IdxX; query < queryCount; query += Grid.DimX)
        {
            Begin(kept, ref fill, ref bound);
            for (int from = 0; from < itemCount; from += Group.DimX)
            {
                int i = from + Group.IdxX;
                Offer(kept, ref fill, ref bound, count, i < itemCount ? candidates[Walk.Place(query, itemCount, i)] : None);
            }

            Finish(kept, count, candidates, Walk.Place(query, segmentCount + 1, 0));
        }
    }

    private static void Begin(ArrayView<ulong> kept, ref int fill, ref ulong bound)
    {
        // Whoever is still writing the answer before reads what is cleared here.
        Group.Barrier();
        for (int e = Group.IdxX; e < GroupSort.LengthMax; e += Group.DimX)
        {
            kept[e] = None;
        }

        if (Group.IdxX == 0)
        {
            fill = 0;
            bound = None;
        }

        Group.Barrier();
    }

    /// <summary>Takes one item of each thread; by all threads of the group.</summary>
    private static void Offer(ArrayView<ulong> kept, ref int fill, ref ulong bound, int count, ulong item)
    {
        if (item < bound)
        {
            kept[Atomic.Add(ref fill, 1)] = item;
        }

        Group.Barrier();
        int filled = fill;
        Group.Barrier();
        if (filled <= GroupSort.LengthMax - Group.DimX)
        {
            return;
        }

        GroupSort.Sort(kept, GroupSort.LengthMax, 0, 2, GroupSort.LengthMax);
        for (int e = count + Group.IdxX; e < GroupSort.LengthMax; e += Group.DimX)
        {
            kept[e] = None;
        }

        if (Group.IdxX == 0)
        {
            fill = count;
            bound = kept[count - 1];
        }

        Group.Barrier();
    }

    private static void Finish(ArrayView<ulong> kept, int count, ArrayView<ulong> candidates, long place)
    {
        GroupSort.Sort(kept, GroupSort.LengthMax, 0, 2, GroupSort.LengthMax);
        for (int e = Group.IdxX; e < count; e += Group.DimX)
        {
            candidates[Walk.Place(place, count, e)] = kept[e];
        }
    }
}
