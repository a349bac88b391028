namespace EmbedStore.Tensors;

/// <summary>A mask as index tensors: the coordinates of its true elements in row-major order, one vector for each of its dimensions.</summary>
internal static class MaskCoordinates
{
    /// <param name="mask">Within the limit of indices. Rank 0 stands for one index or none into an axis of size 1.</param>
    /// <param name="axis">The first axis of the view that the mask covers.</param>
    public static IEnumerable<AdvancedIndex> Of(MaskOperand mask, int axis)
    {
        long[] positions = TruePositions(mask.Flags.Span);
        var shape = TensorShape.Of(positions.Length);
        if (mask.Shape.Rank == 0)
        {
            return [new AdvancedIndex(mask.Tensor, shape, positions, axis)];
        }

        long[] strides = mask.Shape.Strides();
        return Enumerable.Range(0, mask.Shape.Rank).Select(i =>
            new AdvancedIndex(mask.Tensor, shape, Array.ConvertAll(positions, p => p / strides[i] % mask.Shape[i]), axis + i));
    }

    private static long[] TruePositions(ReadOnlySpan<byte> flags)
    {
        var positions = new long[flags.Length - flags.Count((byte)0)];
        int found = 0;
        for (int i = 0; i < flags.Length; i++)
        {
            if (flags[i] != 0)
            {
                positions[found++] = i;
            }
        }

        return positions;
    }
}
