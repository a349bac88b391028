using EmbedStore.Tensors;

namespace EmbedStore.Testing;

/// <summary><c>torch.argmax</c>, by coordinates: the first NaN, or else the first of the largest.</summary>
public static class ReferenceArgmax
{
    /// <exception cref="ReferenceException">There is no such dimension, or nothing in it.</exception>
    public static ReferenceArray Of(Tensor scores, long? dimension)
    {
        int[] shape = [.. scores.Shape.Select(static size => (int)size)];
        double[] values = TensorValues.ToDoubles(scores);
        if (dimension is not { } d)
        {
            return new ReferenceArray([], [FirstMaximum(values)]);
        }

        ReferenceArray positions = ReferenceArray.Positions(scores.Shape);
        int rank = Math.Max(shape.Length, 1);
        int axis = ReferenceSubscript.Counted(d, rank);
        return shape.Length == 0
            ? new ReferenceArray([], [0])
            : ReferenceArray.Of([.. shape[..axis], .. shape[(axis + 1)..]], c =>
                FirstMaximum([.. Enumerable.Range(0, shape[axis]).Select(i => values[positions.At([.. c[..axis], i, .. c[axis..]])])]));
    }

    private static long FirstMaximum(double[] values)
    {
        if (values.Length == 0)
        {
            throw new ReferenceException(ErrorCode.ShapeMismatch, "no element to choose from");
        }

        int nan = Array.FindIndex(values, double.IsNaN);
        return nan >= 0 ? nan : Array.IndexOf(values, values.Max());
    }
}
