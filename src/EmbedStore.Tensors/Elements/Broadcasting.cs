namespace EmbedStore.Tensors;

/// <summary>Stretches values over the shape that they are written to.</summary>
public static class Broadcasting
{
    /// <summary>The tensor, stretched to <paramref name="target"/> by NumPy's rule; the same tensor when the shape already fits.</summary>
    /// <param name="values">What was sent.</param>
    /// <param name="target">Shape that the subscript selects. Its bytes fit one array: checked by the caller's result limit.</param>
    /// <param name="dropLeadingOnes">Leading dimensions of size 1 that the target does not have are dropped: <c>x[idx] = v</c> does so, <c>x[idx] += v</c> does not.</param>
    /// <exception cref="EmbedStoreException"><see cref="ErrorCode.ShapeMismatch"/>.</exception>
    public static Tensor Expand(Tensor values, TensorShape target, bool dropLeadingOnes)
    {
        TensorShape shape = Require(values.Shape, target, dropLeadingOnes);
        if (shape.Equals(target))
        {
            return new Tensor(values.Type, target, values.Data);
        }

        var data = new byte[target.ElementCount * values.Type.ByteCount()];
        if (data.Length > 0)
        {
            Expand(values.Data.Span, shape, data, target);
        }

        return new Tensor(values.Type, target, data);
    }

    /// <summary>Refuses values of a shape that does not stretch to <paramref name="target"/>.</summary>
    /// <returns>The shape of the values without the dimensions that are dropped.</returns>
    /// <exception cref="EmbedStoreException"><see cref="ErrorCode.ShapeMismatch"/>.</exception>
    public static TensorShape Require(TensorShape values, TensorShape target, bool dropLeadingOnes)
    {
        TensorShape shape = dropLeadingOnes ? StripLeadingOnes(values, target.Rank) : values;
        return shape.Equals(target) || target.Equals(TensorShape.Broadcast(shape, target))
            ? shape
            : throw new EmbedStoreException(
                ErrorCode.ShapeMismatch, $"Values of shape {values} do not broadcast to {target}.", new Fact("expected", target), new Fact("actual", values));
    }

    private static TensorShape StripLeadingOnes(TensorShape shape, int rank)
    {
        int drop = 0;
        while (shape.Rank - drop > rank && shape[drop] == 1)
        {
            drop++;
        }

        return drop == 0 ? shape : TensorShape.Of(shape.Sizes[drop..]);
    }

    /// <summary>Copies dimension by dimension: each run is built once, then copied along a stretched dimension.</summary>
    private static void Expand(ReadOnlySpan<byte> source, TensorShape shape, Span<byte> target, TensorShape targetShape)
    {
        if (targetShape.Rank == 0 || source.Length == target.Length)
        {
            source.CopyTo(target);
            return;
        }

        TensorShape innerTarget = TensorShape.Of(targetShape.Sizes[1..]);
        bool aligned = shape.Rank == targetShape.Rank;
        TensorShape innerSource = aligned ? TensorShape.Of(shape.Sizes[1..]) : shape;
        bool stretched = !aligned || shape[0] == 1;
        int step = target.Length / (int)targetShape[0];
        int sourceStep = stretched ? 0 : source.Length / (int)shape[0];
        for (int i = 0; i < targetShape[0]; i++)
        {
            Span<byte> run = target.Slice(i * step, step);
            if (stretched && i > 0)
            {
                target[..step].CopyTo(run);
            }
            else
            {
                Expand(stretched ? source : source.Slice(i * sourceStep, sourceStep), innerSource, run, innerTarget);
            }
        }
    }
}
