using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using EmbedStore.Shards;
using EmbedStore.Tensors;

namespace EmbedStore.Serving;

/// <summary>Brings gradients to the type that training computes in.</summary>
internal static class GradientConverter
{
    /// <exception cref="EmbedStoreException"><see cref="ErrorCode.UnsupportedDtype"/>.</exception>
    public static void RequireType(Tensors.Tensor gradients)
    {
        if (!gradients.Type.IsFloatingPoint() && !gradients.Type.IsInteger())
        {
            throw new EmbedStoreException(ErrorCode.UnsupportedDtype, $"Gradients are numbers, not {gradients.Type.WireName()}.", new Fact("tensor", "gradients"));
        }
    }

    /// <param name="gradients">Of a type that <see cref="RequireType"/> lets through.</param>
    /// <param name="shape">What a gather of the same subscript gives. Gradients do not broadcast.</param>
    /// <param name="rows">What rows are made of.</param>
    /// <param name="allowNonFinite">NaN and infinity are let through, and make NaN of the rows they touch.</param>
    /// <exception cref="EmbedStoreException">ShapeMismatch, InvalidGradient.</exception>
    public static ReadOnlyMemory<byte> Convert(Tensors.Tensor gradients, TensorShape shape, RowFormat rows, bool allowNonFinite)
    {
        if (!gradients.Shape.Equals(shape))
        {
            throw new EmbedStoreException(
                ErrorCode.ShapeMismatch,
                $"Gradients of shape {shape} are expected, not {gradients.Shape}.",
                new Fact("tensor", "gradients"),
                new Fact("expected", shape),
                new Fact("actual", gradients.Shape));
        }

        byte[] converted = new byte[shape.ElementCount * rows.ComputeType.ByteCount()];
        ElementConverter.Convert(gradients.Data.Span, gradients.Type, converted, rows.ComputeType);
        if (!allowNonFinite)
        {
            RequireFinite(converted, rows.ComputeType, shape);
        }

        return converted;
    }

    private static void RequireFinite(ReadOnlySpan<byte> gradients, ElementType type, TensorShape shape)
    {
        int bad = type == ElementType.F64 ? FirstNotFinite<double>(gradients) : FirstNotFinite<float>(gradients);
        if (bad >= 0)
        {
            long[] position = shape.CoordinatesOf(bad);
            throw new EmbedStoreException(
                ErrorCode.InvalidGradient, $"The gradient at position [{string.Join(", ", position)}] is not finite.", new Fact("tensor", "gradients"), new Fact("position", position));
        }
    }

    private static int FirstNotFinite<T>(ReadOnlySpan<byte> gradients)
        where T : unmanaged, System.Numerics.IFloatingPointIeee754<T>
    {
        ReadOnlySpan<T> values = MemoryMarshal.Cast<byte, T>(gradients);

        // A sum that is finite has no other terms; one that is not may have overflowed, so each is looked at.
        if (T.IsFinite(TensorPrimitives.SumOfMagnitudes(values)))
        {
            return -1;
        }

        for (int i = 0; i < values.Length; i++)
        {
            if (!T.IsFinite(values[i]))
            {
                return i;
            }
        }

        return -1;
    }
}
