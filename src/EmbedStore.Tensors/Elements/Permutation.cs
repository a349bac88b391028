namespace EmbedStore.Tensors;

/// <summary>Reorders the dimensions of a tensor, as <c>torch.permute</c> does.</summary>
public static class Permutation
{
    /// <summary>True when <paramref name="order"/> names each of <paramref name="rank"/> dimensions once; negative ones count from the end and are made positive.</summary>
    public static bool TryNormalize(int[] order, int rank)
    {
        var seen = new bool[rank];
        for (int i = 0; i < order.Length; i++)
        {
            int dimension = order[i] < 0 ? order[i] + rank : order[i];
            if (dimension < 0 || dimension >= rank || seen[dimension])
            {
                return false;
            }

            seen[dimension] = true;
            order[i] = dimension;
        }

        return order.Length == rank;
    }

    /// <summary>Shape after the reordering.</summary>
    public static TensorShape Apply(TensorShape shape, ReadOnlySpan<int> order)
    {
        var sizes = new long[shape.Rank];
        for (int i = 0; i < sizes.Length; i++)
        {
            sizes[i] = shape[order[i]];
        }

        return TensorShape.Of(sizes);
    }

    /// <summary>Copies the elements into their new order.</summary>
    /// <param name="source">Elements of <paramref name="shape"/>, row-major.</param>
    /// <param name="shape">Shape before.</param>
    /// <param name="order">For each dimension of the result, the dimension of the source.</param>
    /// <param name="elementByteCount">Unit: bytes.</param>
    /// <param name="destination">As long as <paramref name="source"/>; does not overlap it.</param>
    public static void Apply(ReadOnlySpan<byte> source, TensorShape shape, ReadOnlySpan<int> order, int elementByteCount, Span<byte> destination)
    {
        if (shape.Rank == 0 || source.IsEmpty)
        {
            source.CopyTo(destination);
            return;
        }

        long[] own = shape.Strides();
        var strides = new long[shape.Rank];
        for (int i = 0; i < strides.Length; i++)
        {
            strides[i] = own[order[i]] * elementByteCount;
        }

        Copy(source, Apply(shape, order), strides, elementByteCount, destination);
    }

    private static void Copy(ReadOnlySpan<byte> source, TensorShape result, long[] strides, int elementByteCount, Span<byte> destination)
    {
        int inner = (int)result[^1];
        var coordinates = new long[result.Rank - 1];
        long from = 0;
        for (int to = 0; to < destination.Length;)
        {
            for (int i = 0; i < inner; i++, to += elementByteCount)
            {
                source.Slice((int)(from + (i * strides[^1])), elementByteCount).CopyTo(destination[to..]);
            }

            from += StridedWalk.Advance(coordinates, result, strides);
        }
    }
}
