namespace EmbedStore.Tensors;

/// <summary>Walks the places of a shape row-major, and says how far each step moves in something that is laid out by other strides.</summary>
internal static class StridedWalk
{
    /// <summary>Moves to the next place.</summary>
    /// <param name="coordinates">Where the walk stands; zeros at first, and again behind the last place.</param>
    /// <param name="shape">At least as many dimensions as there are coordinates; those beyond are walked by the caller.</param>
    /// <param name="strides">What one step of each dimension moves.</param>
    /// <returns>What this step moves.</returns>
    public static long Advance(long[] coordinates, TensorShape shape, ReadOnlySpan<long> strides)
    {
        long moved = 0;
        for (int d = coordinates.Length - 1; d >= 0; d--)
        {
            moved += strides[d];
            if (++coordinates[d] < shape[d])
            {
                return moved;
            }

            moved -= coordinates[d] * strides[d];
            coordinates[d] = 0;
        }

        return moved;
    }
}
