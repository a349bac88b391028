using ILGPU;

namespace EmbedStore.Gpu;

/// <summary>How the threads of a launch share work: each goes around as often as there is something left for it.</summary>
/// <remarks>Places are 64-bit: a table may have more elements than an int counts.</remarks>
internal static class Walk
{
    /// <summary>Number of the calling thread.</summary>
    public static long Thread => Place(Grid.IdxX, Group.DimX, Group.IdxX);

    /// <summary>Threads of the launch.</summary>
    public static long ThreadCount => Place(Grid.DimX, Group.DimX, 0);

    /// <summary><c>major · size + minor</c>, in 64 bits.</summary>
    public static long Place(long major, long size, long minor) => unchecked((major * size) + minor);

    /// <summary>Threads that share one row, as a shift: the power of two at or above its units, no more than a group has.</summary>
    /// <param name="unitCount">Loads that the row takes. At least 1.</param>
    /// <param name="groupSize">A power of two.</param>
    public static int LaneShift(int unitCount, int groupSize) =>
        System.Numerics.BitOperations.Log2(Math.Min(System.Numerics.BitOperations.RoundUpToPowerOf2((uint)unitCount), (uint)groupSize));
}
