namespace EmbedStore.Tensors;

/// <summary>Step 3 of <see cref="SubscriptResolver"/>: masks become coordinates, and all index tensors broadcast to one shape.</summary>
internal static class AdvancedIndices
{
    /// <summary>One index tensor for each axis that is indexed, in the order of the axes.</summary>
    /// <param name="recorded">Index operands with the axis that they were met at.</param>
    /// <param name="view">What basic items made of the table.</param>
    /// <param name="dialect">PyTorch met a mask at one axis; making coordinates of it moves what follows.</param>
    /// <param name="limits">A mask that stands for more is refused before its coordinates are made.</param>
    /// <param name="arrays">What coordinates live in.</param>
    /// <param name="maskMismatch">The first mask that does not fit its axes, or null.</param>
    /// <exception cref="EmbedStoreException"><see cref="ErrorCode.TooManyIndices"/>, or <see cref="ErrorCode.ResultTooLarge"/> for a mask that fits.</exception>
    public static List<AdvancedIndex> Expand(
        List<(int Axis, Operand Operand)> recorded, List<ViewAxis> view, Dialect dialect, PlanLimits limits, ArraySource arrays, out EmbedStoreException? maskMismatch)
    {
        var indices = new List<AdvancedIndex>();
        maskMismatch = null;
        int moved = 0;
        foreach ((int axis, Operand operand) in recorded)
        {
            int at = axis + moved;
            RequireAxes(operand, at, view.Count);
            switch (operand)
            {
                case IntegerOperand integer:
                    indices.Add(new AdvancedIndex(integer.Tensor, TensorShape.Scalar, new[] { integer.Value }, at));
                    break;
                case IndicesOperand tensor:
                    indices.Add(new AdvancedIndex(tensor.Tensor, tensor.Shape, tensor.Values, at));
                    break;
                case MaskOperand mask:
                    maskMismatch ??= Mismatch(mask, at, view);
                    RequireCount(mask, limits, maskMismatch);
                    indices.AddRange(MaskCoordinates.Of(mask, at, arrays));
                    moved += dialect == Dialect.PyTorch ? Math.Max(mask.Shape.Rank - 1, 0) : 0;
                    break;
            }
        }

        return indices;
    }

    /// <summary>The shape that all index tensors broadcast to; null when there are none.</summary>
    /// <exception cref="EmbedStoreException"><see cref="ErrorCode.ShapeMismatch"/>, or <see cref="ErrorCode.ResultTooLarge"/> when 64 bits do not count the shape's elements.</exception>
    public static TensorShape? Broadcast(List<AdvancedIndex> indices)
    {
        TensorShape? shape = null;
        foreach (AdvancedIndex index in indices)
        {
            TensorShape? joined = shape is null ? index.Shape : TensorShape.Broadcast(shape, index.Shape);
            if (joined is null && DoFit(shape!, index.Shape))
            {
                throw PlanLimits.Overflow();
            }

            shape = joined ?? throw new EmbedStoreException(
                ErrorCode.ShapeMismatch,
                $"Index tensor '{index.Tensor}' {index.Shape} does not broadcast with {shape}.",
                new Fact("tensor", index.Tensor),
                new Fact("expected", shape),
                new Fact("actual", index.Shape));
        }

        return shape;
    }

    private static bool DoFit(TensorShape left, TensorShape right) =>
        left.Reverse().Zip(right.Reverse()).All(static pair => pair.First == pair.Second || pair.First == 1 || pair.Second == 1);

    private static void RequireAxes(Operand operand, int at, int rank)
    {
        int needed = at + Math.Max(operand.DimensionCount, operand is EllipsisOperand ? 0 : 1);
        if (needed > rank)
        {
            throw new EmbedStoreException(
                ErrorCode.TooManyIndices, $"The subscript indexes {needed} dimensions where {rank} are left.", new Fact("expected", rank), new Fact("actual", needed));
        }
    }

    private static void RequireCount(MaskOperand mask, PlanLimits limits, EmbedStoreException? maskMismatch)
    {
        long count = mask.Flags.Length - mask.Flags.Span.Count((byte)0);
        if (count > limits.IndexCountMax && maskMismatch is not null)
        {
            throw maskMismatch;
        }

        limits.RequireIndexCount(count);
    }

    private static EmbedStoreException? Mismatch(MaskOperand mask, int at, List<ViewAxis> view)
    {
        if (mask.Shape.Rank == 0 || view[at].IsOpen)
        {
            return null;
        }

        var covered = TensorShape.Of(view.Skip(at).Take(mask.Shape.Rank).Select(static axis => axis.Size).ToArray());
        return covered.Equals(mask.Shape)
            ? null
            : new EmbedStoreException(
                ErrorCode.MaskMismatch,
                $"Mask '{mask.Tensor}' {mask.Shape} stands for dimensions of sizes {covered}.",
                new Fact("tensor", mask.Tensor),
                new Fact("expected", covered),
                new Fact("actual", mask.Shape));
    }
}
