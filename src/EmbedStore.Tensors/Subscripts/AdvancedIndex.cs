namespace EmbedStore.Tensors;

/// <summary>One index tensor over one axis of the view.</summary>
/// <param name="Tensor">Its name in the request; null for an integer or a literal.</param>
/// <param name="Shape">Its shape before broadcasting.</param>
/// <param name="Values">Indices as sent, row-major.</param>
/// <param name="Axis">The axis that it indexes.</param>
internal sealed record AdvancedIndex(string? Tensor, TensorShape Shape, ReadOnlyMemory<long> Values, int Axis)
{
    /// <summary>The indices counted from the start. <see cref="Values"/> themselves when none is negative.</summary>
    /// <exception cref="EmbedStoreException"><see cref="ErrorCode.IndexOutOfRange"/>, for the lowest position.</exception>
    public ReadOnlyMemory<long> Checked(ViewAxis axis, ArraySource arrays)
    {
        int first = axis.IsOpen ? -1 : FirstOutside(Values.Span, axis.Size);
        return first < 0 ? Values : Wrapped(first, axis, arrays);
    }

    /// <summary>Checks every index, then adds <c>index × stride</c> to each place of the block that it is broadcast to.</summary>
    /// <param name="block">Row ids or columns, of shape <paramref name="blockShape"/>, row-major.</param>
    /// <param name="blockShape">What all index tensors broadcast to.</param>
    /// <param name="axis">The axis that is indexed.</param>
    /// <param name="arrays">What it works in.</param>
    public void AddTo(Span<long> block, TensorShape blockShape, ViewAxis axis, ArraySource arrays)
    {
        ReadOnlySpan<long> indices = Checked(axis, arrays).Span;
        long stride = axis.RowStride + axis.ColumnStride;
        if (indices.Length == block.Length)
        {
            for (int i = 0; i < block.Length; i++)
            {
                block[i] += indices[i] * stride;
            }

            return;
        }

        long[] strides = BroadcastStrides(blockShape);
        var coordinates = new long[blockShape.Rank];
        long source = 0;
        for (int i = 0; i < block.Length; i++)
        {
            block[i] += indices[(int)source] * stride;
            source += StridedWalk.Advance(coordinates, blockShape, strides);
        }
    }

    /// <summary>Position of the first index that is negative or too large, or -1.</summary>
    private static int FirstOutside(ReadOnlySpan<long> values, long size)
    {
        for (int i = 0; i < values.Length; i++)
        {
            if (values[i] < 0 || values[i] >= size)
            {
                return i;
            }
        }

        return -1;
    }

    private Memory<long> Wrapped(int first, ViewAxis axis, ArraySource arrays)
    {
        Memory<long> wrapped = arrays.Rent<long>(Values.Length);
        Values.CopyTo(wrapped);
        Span<long> indices = wrapped.Span;
        for (int i = first; i < indices.Length; i++)
        {
            if (!IndexCheck.TryCount(ref indices[i], axis.Size))
            {
                throw IndexErrors.OutOfRange(Tensor, Shape.CoordinatesOf(i), axis.Dimension, Values.Span[i], axis.Size);
            }
        }

        return wrapped;
    }

    /// <summary>Strides over <see cref="Values"/> for each dimension of the block; 0 where this tensor is stretched.</summary>
    private long[] BroadcastStrides(TensorShape blockShape)
    {
        long[] own = Shape.Strides();
        var strides = new long[blockShape.Rank];
        for (int i = 1; i <= own.Length; i++)
        {
            strides[^i] = Shape[^i] == 1 ? 0 : own[^i];
        }

        return strides;
    }
}
