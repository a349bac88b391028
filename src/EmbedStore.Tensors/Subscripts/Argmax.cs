using System.Runtime.InteropServices;

namespace EmbedStore.Tensors;

/// <summary>Positions of the maximum along one dimension, as <c>torch.argmax</c> gives them: the first maximum, and a NaN is the maximum.</summary>
public static class Argmax
{
    /// <summary>Reduces one dimension, or the flattened tensor when <paramref name="dimension"/> is null.</summary>
    /// <param name="name">The tensor's name in the request, for the error.</param>
    /// <param name="scores">Any element type but BOOL and STR.</param>
    /// <param name="dimension">Counts from the end when negative.</param>
    /// <param name="arrays">What the result lives in. Null: new arrays.</param>
    /// <returns>I64, of the shape of <paramref name="scores"/> without the dimension; a scalar when flattened.</returns>
    /// <exception cref="EmbedStoreException">
    /// <see cref="ErrorCode.UnsupportedDtype"/> for BOOL and STR; <see cref="ErrorCode.IndexOutOfRange"/> for a dimension that is not there;
    /// <see cref="ErrorCode.ShapeMismatch"/> when there is nothing to take a maximum of.
    /// </exception>
    public static Tensor Compute(string name, Tensor scores, long? dimension, ArraySource? arrays = null)
    {
        if (scores.Type is ElementType.Bool or ElementType.Str)
        {
            throw new EmbedStoreException(ErrorCode.UnsupportedDtype, $"argmax takes numbers; tensor '{name}' is {scores.Type.WireName()}.", new Fact("tensor", name));
        }

        int axis = dimension is { } d ? AxisOf(name, scores.Shape, d) : 0;
        TensorShape shape = dimension is null ? TensorShape.Of(scores.Shape.ElementCount) : scores.Shape;
        long size = shape.Rank == 0 ? 1 : shape[axis];
        TensorShape result = shape.Rank == 0 ? shape : Without(shape, axis);
        if (size == 0 && (result.ElementCount > 0 || dimension is null))
        {
            throw new EmbedStoreException(
                ErrorCode.ShapeMismatch,
                $"argmax of tensor '{name}' {scores.Shape} has no element to choose from.",
                new Fact("tensor", name),
                new Fact("expected", "at least one element"),
                new Fact("actual", scores.Shape));
        }

        Memory<byte> positions = (arrays ?? ArraySource.Heap).RentZeros<byte>(checked((int)result.ElementCount * sizeof(long)));
        if (positions.Length > 0)
        {
            // Elements that are there fit an int; sizes beside an empty dimension need not.
            long inner = shape.Rank == 0 ? 1 : shape.Strides()[axis];
            Reduce(scores, (int)size, (int)inner, MemoryMarshal.Cast<byte, long>(positions.Span));
        }

        return new Tensor(ElementType.I64, result, positions);
    }

    private static int AxisOf(string name, TensorShape shape, long dimension)
    {
        int rank = Math.Max(shape.Rank, 1);
        long axis = dimension < 0 ? dimension + rank : dimension;
        return axis >= 0 && axis < rank
            ? (int)axis
            : throw new EmbedStoreException(
                ErrorCode.IndexOutOfRange,
                FormattableString.Invariant($"argmax dimension {dimension} is outside [{-rank}, {rank}) for tensor '{name}' {shape}."),
                new Fact("tensor", name),
                new Fact("position", Array.Empty<long>()),
                new Fact("dimension", dimension),
                new Fact("index", dimension),
                new Fact("size", rank));
    }

    private static TensorShape Without(TensorShape shape, int axis)
    {
        var sizes = new List<long>(shape);
        sizes.RemoveAt(axis);
        return TensorShape.Of(CollectionsMarshal.AsSpan(sizes));
    }

    private static void Reduce(Tensor scores, int size, int inner, Span<long> positions)
    {
        ReadOnlySpan<byte> data = scores.Data.Span;
        switch (scores.Type)
        {
            case ElementType.F32: Reduce<float>(data, size, inner, positions, static x => x); break;
            case ElementType.F64: Reduce<double>(data, size, inner, positions, static x => x); break;
            case ElementType.F16: Reduce<Half>(data, size, inner, positions, static x => (double)x); break;
            case ElementType.BF16: Reduce<ushort>(data, size, inner, positions, static x => BitConverter.UInt32BitsToSingle((uint)x << 16)); break;
            case ElementType.I64: ReduceIntegers<long>(data, size, inner, positions, static x => x); break;
            case ElementType.I32: ReduceIntegers<int>(data, size, inner, positions, static x => x); break;
            case ElementType.I16: ReduceIntegers<short>(data, size, inner, positions, static x => x); break;
            case ElementType.I8: ReduceIntegers<sbyte>(data, size, inner, positions, static x => x); break;
            default: ReduceIntegers<byte>(data, size, inner, positions, static x => x); break;
        }
    }

    private static void Reduce<T>(ReadOnlySpan<byte> data, int size, int inner, Span<long> positions, Func<T, double> value)
        where T : unmanaged
    {
        for (int i = 0; i < positions.Length; i++)
        {
            int first = (i / inner * size * inner) + (i % inner);
            double best = value(ReadAt<T>(data, first));
            for (int j = 1; j < size && !double.IsNaN(best); j++)
            {
                double candidate = value(ReadAt<T>(data, first + (j * inner)));
                if (candidate > best || double.IsNaN(candidate))
                {
                    (best, positions[i]) = (candidate, j);
                }
            }
        }
    }

    // A 64-bit integer does not fit a double, so integers are compared as they are.
    private static void ReduceIntegers<T>(ReadOnlySpan<byte> data, int size, int inner, Span<long> positions, Func<T, long> value)
        where T : unmanaged
    {
        for (int i = 0; i < positions.Length; i++)
        {
            int first = (i / inner * size * inner) + (i % inner);
            long best = value(ReadAt<T>(data, first));
            for (int j = 1; j < size; j++)
            {
                long candidate = value(ReadAt<T>(data, first + (j * inner)));
                if (candidate > best)
                {
                    (best, positions[i]) = (candidate, j);
                }
            }
        }
    }

    private static T ReadAt<T>(ReadOnlySpan<byte> data, int element)
        where T : unmanaged => MemoryMarshal.Read<T>(data[(element * System.Runtime.CompilerServices.Unsafe.SizeOf<T>())..]);
}
