using ILGPU;
using ILGPU.Runtime;

namespace EmbedStore.Gpu;

/// <summary>The distinct rows of a batch, and which entries each has.</summary>
/// <remarks>
/// <para>Formula: entries sorted by (row, position); a row begins where it differs from the one before. <c>rows[u]</c> is the u-th distinct row, <c>begins[u]</c> its first place in the order; <c>begins[U]</c> is n.</para>
/// <para>Shapes: order [the power of two at or above n, at least <see cref="TileLength"/>], each <c>row · 2^32 + position</c>, <see cref="None"/> from n on; heads [tiles + 1]; rows [n]; begins [n + 1].</para>
/// <para>Deterministic: the order is total, so equal rows keep the order in which they came. No atomics on numbers. Rows are below 2^32 − 1, positions below 2^31.</para>
/// <para>Reference: a stable sort; <c>EntryOrder</c> of EmbedStore.Shards.</para>
/// </remarks>
internal static class UniqueKernel
{
    /// <summary>Behind every entry.</summary>
    public const ulong None = ulong.MaxValue;

    /// <summary>Entries that a group sorts in its shared memory.</summary>
    public const int TileLength = GroupSort.LengthMax;

    private const int GroupSizeMax = 256;

    /// <summary>Loads <see cref="SortTiles"/>.</summary>
    public static Action<AcceleratorStream, KernelConfig, ArrayView<ulong>, long, long> LoadSortTiles(GpuDevice device) =>
        device.Load(typeof(UniqueKernel), nameof(SortTiles), static accelerator => accelerator.LoadKernel<ArrayView<ulong>, long, long>(SortTiles));

    /// <summary>Loads <see cref="ExchangeFar"/>.</summary>
    public static Action<AcceleratorStream, KernelConfig, ArrayView<ulong>, long, long> LoadExchangeFar(GpuDevice device) =>
        device.Load(typeof(UniqueKernel), nameof(ExchangeFar), static accelerator => accelerator.LoadKernel<ArrayView<ulong>, long, long>(ExchangeFar));

    /// <summary>Loads <see cref="CountHeads"/>.</summary>
    public static Action<AcceleratorStream, KernelConfig, ArrayView<ulong>, long, ArrayView<int>> LoadCountHeads(GpuDevice device) =>
        device.Load(typeof(UniqueKernel), nameof(CountHeads), static accelerator => accelerator.LoadKernel<ArrayView<ulong>, long, ArrayView<int>>(CountHeads));

    /// <summary>Loads <see cref="SumHeads"/>.</summary>
    public static Action<AcceleratorStream, KernelConfig, ArrayView<int>> LoadSumHeads(GpuDevice device) =>
        device.Load(typeof(UniqueKernel), nameof(SumHeads), static accelerator => accelerator.LoadKernel<ArrayView<int>>(SumHeads));

    /// <summary>Loads <see cref="Compact"/>.</summary>
    public static Action<AcceleratorStream, KernelConfig, ArrayView<ulong>, long, ArrayView<int>, ArrayView<int>, ArrayView<int>> LoadCompact(GpuDevice device) =>
        device.Load(typeof(UniqueKernel), nameof(Compact), static accelerator => accelerator.LoadKernel<ArrayView<ulong>, long, ArrayView<int>, ArrayView<int>, ArrayView<int>>(Compact));

    /// <summary>One entry.</summary>
    public static ulong Entry(int row, int position) => ((ulong)(uint)row << 32) | (uint)position;

    /// <summary>Sorts within tiles, for all runs between two sizes.</summary>
    public static void SortTiles(ArrayView<ulong> order, long sizeFirst, long sizeLast)
    {
        ArrayView<ulong> tile = SharedMemory.Allocate1D<ulong>(TileLength);
        for (long at = Grid.IdxX; at < order.Length / TileLength; at += Grid.DimX)
        {
            long place = at * TileLength;
            for (int e = Group.IdxX; e < TileLength; e += Group.DimX)
            {
                tile[e] = order[place + e];
            }

            GroupSort.Sort(tile, TileLength, place, sizeFirst, sizeLast);
            for (int e = Group.IdxX; e < TileLength; e += Group.DimX)
            {
                order[place + e] = tile[e];
            }

            Group.Barrier();
        }
    }

    /// <summary>One step of the sort between entries that lie in different tiles.</summary>
    public static void ExchangeFar(ArrayView<ulong> order, long size, long stride)
    {
        for (long pair = Walk.Thread; pair < order.Length >> 1; pair += Walk.ThreadCount)
        {
            long low = (2 * pair) - (pair & (stride - 1));
            GroupSort.Exchange(order, low, low + stride, (low & size) == 0);
        }
    }

    /// <summary>Counts the rows that begin in each tile.</summary>
    public static void CountHeads(ArrayView<ulong> order, long count, ArrayView<int> heads)
    {
        ref int total = ref SharedMemory.Allocate<int>();
        for (long tile = Grid.IdxX; tile < heads.Length - 1; tile += Grid.DimX)
        {
            Group.Barrier();
            if (Group.IdxX == 0)
            {
                total = 0;
            }

            Group.Barrier();
            for (int e = Group.IdxX; e < TileLength; e += Group.DimX)
            {
                if (IsHead(order, count, Walk.Place(tile, TileLength, e)))
                {
                    Atomic.Add(ref total, 1);
                }
            }

            Group.Barrier();
            if (Group.IdxX == 0)
            {
                heads[tile] = total;
            }
        }
    }

    /// <summary>Makes of counts the number of rows that begin before each tile; the last is the number of all. One group.</summary>
    public static void SumHeads(ArrayView<int> heads)
    {
        ArrayView<int> parts = SharedMemory.Allocate1D<int>(GroupSizeMax);
        long perThread = (heads.Length + Group.DimX - 1) / Group.DimX;
        long begin = Group.IdxX * perThread;
        long end = begin + perThread < heads.Length ? begin + perThread : heads.Length;
        int sum = 0;
        for (long i = begin; i < end; i++)
        {
            sum += heads[i];
        }

        parts[Group.IdxX] = sum;
        Group.Barrier();
        int before = 0;
        for (int thread = 0; thread < Group.IdxX; thread++)
        {
            before += parts[thread];
        }

        for (long i = begin; i < end; i++)
        {
            int own = heads[i];
            heads[i] = before;
            before += own;
        }
    }

    /// <summary>Lists the rows and where they begin.</summary>
    public static void Compact(ArrayView<ulong> order, long count, ArrayView<int> heads, ArrayView<int> rows, ArrayView<int> begins)
    {
        ArrayView<int> ranks = SharedMemory.Allocate1D<int>(2 * GroupSizeMax);
        for (long tile = Grid.IdxX; tile < heads.Length - 1; tile += Grid.DimX)
        {
            int before = heads[tile];
            for (int from = 0; from < TileLength; from += Group.DimX)
            {
                long place = Walk.Place(tile, TileLength, from + Group.IdxX);
                bool isHead = IsHead(order, count, place);
                int rank = InclusiveRank(ranks, isHead ? 1 : 0, out int total);
                if (isHead)
                {
                    int row = before + rank - 1;
                    rows[row] = (int)(order[place] >> 32);
                    begins[row] = (int)place;
                }

                before += total;
            }
        }

        if (Walk.Thread == 0)
        {
            begins[heads[heads.Length - 1]] = (int)count;
        }
    }

    /// <summary>Sum over the threads up to this one, and over all of the group.</summary>
    private static int InclusiveRank(ArrayView<int> ranks, int own, out int total)
    {
        int from = 0;
        Group.Barrier();
        ranks[Group.IdxX] = own;
        Group.Barrier();
        for (int distance = 1; distance < Group.DimX; distance <<= 1)
        {
            int value = ranks[from + Group.IdxX];
            if (Group.IdxX >= distance)
            {
                value += ranks[from + Group.IdxX - distance];
            }

            from = GroupSizeMax - from;
            ranks[from + Group.IdxX] = value;
            Group.Barrier();
        }

        total = ranks[from + Group.DimX - 1];
        return ranks[from + Group.IdxX];
    }

    private static bool IsHead(ArrayView<ulong> order, long count, long place) =>
        place < count && (place == 0 || (order[place] >> 32) != (order[place - 1] >> 32));
}
