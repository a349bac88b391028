using ILGPU;
using ILGPU.Runtime;

namespace EmbedStore.Gpu;

/// <summary>How near a row is to a query: the lower the key the nearer.</summary>
internal interface IDistance
{
    /// <summary>Takes one column.</summary>
    float Accumulate(float sum, float query, float row);

    /// <summary>The key of all columns.</summary>
    /// <param name="sum">Of the columns.</param>
    /// <param name="scale">Of the row, 1 but for cosine.</param>
    float Finish(float sum, float scale);
}

/// <summary>Euclidean distance.</summary>
internal readonly struct L2Distance : IDistance
{
    public float Accumulate(float sum, float query, float row)
    {
        float difference = query - row;
        return sum + (difference * difference);
    }

    public float Finish(float sum, float scale) => Ieee.Sqrt(sum);
}

/// <summary>Inner product, negated.</summary>
internal readonly struct DotDistance : IDistance
{
    public float Accumulate(float sum, float query, float row) => sum + (query * row);

    public float Finish(float sum, float scale) => -sum * scale;
}

/// <summary>The key of every row of a part of a table for every query.</summary>
/// <remarks>
/// <para>Formula: <c>keys[q, i] = finish(Σ_k accumulate(queries[q, k], rows[first + i, k]), scales[i])</c>, in binary32.</para>
/// <para>Shapes: slab [slots, stride]; queries [Q, width]; scales [rowCount], or empty for 1; keys [Q, rowCount].</para>
/// <para>A group computes a square of keys: it loads 16 columns of its rows and queries into shared memory, and each thread keeps 4 × 4 sums.</para>
/// <para>Rounding: columns are summed one after the other, products may be fused with sums. Bound: |key − exact| ≤ width · 2^-23 · Σ|q·r| for inner products, and as much of Σ(q−r)² before the root.
/// So rows whose keys are that close may change places with what the processor finds; equal keys, as whole numbers give, never do. Reference: <c>RowDistances</c>.</para>
/// </remarks>
internal static class ScoreKernel<TStored, TWiden, TDistance>
    where TStored : unmanaged
    where TWiden : unmanaged, IWiden<TStored, float>
    where TDistance : unmanaged, IDistance
{
    private const int Depth = 16;

    /// <summary>One more than the depth, so that threads side by side read different banks.</summary>
    private const int Pitch = Depth + 1;

    private const int PerThread = 4;
    private const int SideMax = 16;
    private const int SharedLength = SideMax * PerThread * Pitch;

    /// <summary>Loads it.</summary>
    public static Action<AcceleratorStream, KernelConfig, ArrayView<TStored>, long, long, int, int, ArrayView<float>, int, ArrayView<float>, int, ArrayView<float>> Load(GpuDevice device) =>
        device.Load(typeof(ScoreKernel<TStored, TWiden, TDistance>), nameof(Run), static accelerator =>
            accelerator.LoadKernel<ArrayView<TStored>, long, long, int, int, ArrayView<float>, int, ArrayView<float>, int, ArrayView<float>>(Run));

    /// <summary>Threads of a group that stand side by side: the group is a square of them.</summary>
    public static int SideOf(int groupSize) => groupSize >= SideMax * SideMax ? SideMax : groupSize >= 64 ? 8 : 4;

    public static void Run(
        ArrayView<TStored> slab,
        long stride,
        long first,
        int rowCount,
        int width,
        ArrayView<float> queries,
        int queryCount,
        ArrayView<float> scales,
        int side,
        ArrayView<float> keys)
    {
        ArrayView<float> sharedQueries = SharedMemory.Allocate1D<float>(SharedLength);
        ArrayView<float> sharedRows = SharedMemory.Allocate1D<float>(SharedLength);
        int tile = side * PerThread;
        int queryTiles = (queryCount + tile - 1) / tile;
        int rowTiles = (rowCount + tile - 1) / tile;
        int x = Group.IdxX % side;
        int y = Group.IdxX / side;
        for (long at = Grid.IdxX; at < Walk.Place(queryTiles, rowTiles, 0); at += Grid.DimX)
        {
            int firstQuery = (int)(at % queryTiles) * tile;
            int firstRow = (int)(at / queryTiles) * tile;
            Float4 sums0 = default;
            Float4 sums1 = default;
            Float4 sums2 = default;
            Float4 sums3 = default;
            for (int column = 0; column < width; column += Depth)
            {
                for (int e = Group.IdxX; e < tile * Depth; e += Group.DimX)
                {
                    int line = e / Depth;
                    int c = column + (e % Depth);
                    int place = (line * Pitch) + (e % Depth);
                    sharedQueries[place] = c < width && firstQuery + line < queryCount ? queries[Walk.Place(firstQuery + line, width, c)] : 0f;
                    sharedRows[place] = c < width && firstRow + line < rowCount
                        ? default(TWiden).Widen(slab[Walk.Place(first + firstRow + line, stride, c)])
                        : 0f;
                }

                Group.Barrier();
                for (int c = 0; c < Depth; c++)
                {
                    var row = new Float4(
                        sharedRows[(x * Pitch) + c],
                        sharedRows[((x + side) * Pitch) + c],
                        sharedRows[((x + (2 * side)) * Pitch) + c],
                        sharedRows[((x + (3 * side)) * Pitch) + c]);
                    sums0 = Accumulate(sums0, sharedQueries[(y * Pitch) + c], row);
                    sums1 = Accumulate(sums1, sharedQueries[((y + side) * Pitch) + c], row);
                    sums2 = Accumulate(sums2, sharedQueries[((y + (2 * side)) * Pitch) + c], row);
                    sums3 = Accumulate(sums3, sharedQueries[((y + (3 * side)) * Pitch) + c], row);
                }

                Group.Barrier();
            }

            Write(keys, scales, firstQuery + y, queryCount, firstRow + x, rowCount, side, sums0);
            Write(keys, scales, firstQuery + y + side, queryCount, firstRow + x, rowCount, side, sums1);
            Write(keys, scales, firstQuery + y + (2 * side), queryCount, firstRow + x, rowCount, side, sums2);
            Write(keys, scales, firstQuery + y + (3 * side), queryCount, firstRow + x, rowCount, side, sums3);
        }
    }

    private static Float4 Accumulate(Float4 sums, float query, Float4 row) => new(
        default(TDistance).Accumulate(sums.X, query, row.X),
        default(TDistance).Accumulate(sums.Y, query, row.Y),
        default(TDistance).Accumulate(sums.Z, query, row.Z),
        default(TDistance).Accumulate(sums.W, query, row.W));

    private static void Write(ArrayView<float> keys, ArrayView<float> scales, int query, int queryCount, int row, int rowCount, int side, Float4 sums)
    {
        if (query < queryCount)
        {
            WriteOne(keys, scales, query, row, rowCount, sums.X);
            WriteOne(keys, scales, query, row + side, rowCount, sums.Y);
            WriteOne(keys, scales, query, row + (2 * side), rowCount, sums.Z);
            WriteOne(keys, scales, query, row + (3 * side), rowCount, sums.W);
        }
    }

    private static void WriteOne(ArrayView<float> keys, ArrayView<float> scales, int query, int row, int rowCount, float sum)
    {
        if (row < rowCount)
        {
            keys[Walk.Place(query, rowCount, row)] = default(TDistance).Finish(sum, scales.Length == 0 ? 1f : scales[row]);
        }
    }
}

/// <summary>What makes each row a direction, for cosine.</summary>
/// <remarks>Formula: <c>scales[i] = 1 / √Σ_k rows[first + i, k]²</c>, 0 for the zero vector. Shapes and bounds as <see cref="ScoreKernel{TStored, TWiden, TDistance}"/>.</remarks>
internal static class ScaleKernel<TStored, TWiden>
    where TStored : unmanaged
    where TWiden : unmanaged, IWiden<TStored, float>
{
    /// <summary>Loads it.</summary>
    public static Action<AcceleratorStream, KernelConfig, ArrayView<TStored>, long, long, int, ArrayView<float>> Load(GpuDevice device) =>
        device.Load(typeof(ScaleKernel<TStored, TWiden>), nameof(Run), static accelerator => accelerator.LoadKernel<ArrayView<TStored>, long, long, int, ArrayView<float>>(Run));

    public static void Run(ArrayView<TStored> slab, long stride, long first, int width, ArrayView<float> scales)
    {
        for (long row = Walk.Thread; row < scales.Length; row += Walk.ThreadCount)
        {
            float sum = 0;
            for (int column = 0; column < width; column++)
            {
                float value = default(TWiden).Widen(slab[Walk.Place(first + row, stride, column)]);
                sum += value * value;
            }

            scales[row] = sum == 0 ? 0f : 1f / Ieee.Sqrt(sum);
        }
    }
}
