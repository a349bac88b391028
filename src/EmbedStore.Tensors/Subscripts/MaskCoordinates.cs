namespace EmbedStore.Tensors;

/// <summary>A mask as index tensors: the coordinates of its true elements in row-major order, one vector for each of its dimensions.</summary>
internal static class MaskCoordinates
{
    /// <param name="mask">Within the limit of indices. Rank 0 stands for one index or none into an axis of size 1.</param>
    /// <param name="axis">The first axis of the view that the mask covers.</param>
    /// <param name="arrays">What the coordinates live in.</param>
    public static IEnumerable<AdvancedIndex> Of(MaskOperand mask, int axis, ArraySource arrays)
    {
        Memory<long> positions = TruePositions(mask.Flags.Span, arrays);
        var shape = TensorShape.Of(positions.Length);
        if (mask.Shape.Rank == 0)
        {
            return [new AdvancedIndex(mask.Tensor, shape, positions, axis)];
        }

        long[] strides = mask.Shape.Strides();
        return Enumerable.Range(0, mask.Shape.Rank).Select(i =>
            new AdvancedIndex(mask.Tensor, shape, Coordinates(positions.Span, strides[i], mask.Shape[i], arrays), axis + i));
    }

    private static Memory<long> Coordinates(ReadOnlySpan<long> positions, long stride, long size, ArraySource arrays)
    {
        Memory<long> coordinates = arrays.Rent<long>(positions.Length);
        Span<long> target = coordinates.Span;
        for (int i = 0; i < target.Length; i++)
        {
            target[i] = positions[i] / stride % size;
        }

        return coordinates;
    }

    private static Memory<long> TruePositions(ReadOnlySpan<byte> flags, ArraySource arrays)
    {
        Memory<long> positions = arrays.Rent<long>(flags.Length - flags.Count((byte)0));
        Span<long> target = positions.Span;
        int found = 0;
        for (int i = 0; i < flags.Length; i++)
        {
            if (flags[i] != 0)
            {
                target[found++] = i;
            }
        }

        return positions;
    }
}
