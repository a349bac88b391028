using System.Runtime.InteropServices;
using EmbedStore.Tensors;

namespace EmbedStore.Serving;

/// <summary>Conversions that lose nothing.</summary>
internal static class ExactConversion
{
    /// <summary>Magnitude up to which binary64 holds every integer.</summary>
    private const double IntegerMax = 1L << 53;

    /// <summary>Converts numbers to another type if each is the same number there.</summary>
    /// <param name="source">Whole elements of a number type.</param>
    /// <param name="from">Type of <paramref name="source"/>.</param>
    /// <param name="destination">As many elements.</param>
    /// <param name="to">Type of <paramref name="destination"/>.</param>
    /// <returns>False when one is not; then what <paramref name="destination"/> holds means nothing.</returns>
    public static bool TryConvert(ReadOnlySpan<byte> source, ElementType from, Span<byte> destination, ElementType to)
    {
        if (from == to)
        {
            source.CopyTo(destination);
            return true;
        }

        if (from.IsInteger() && to.IsInteger())
        {
            return ElementConverter.ConvertChecked(source, from, destination, to) < 0;
        }

        return from.IsFloatingPoint() && to.IsInteger() ? TryToIntegers(source, from, destination, to) : TryToFloats(source, from, destination, to);
    }

    private static bool TryToFloats(ReadOnlySpan<byte> source, ElementType from, Span<byte> destination, ElementType to)
    {
        ElementConverter.Convert(source, from, destination, to);
        for (int i = 0; i < source.Length / from.ByteCount(); i++)
        {
            double sent = DoubleAt(source, from, i);
            bool isSame = BitConverter.DoubleToInt64Bits(sent) == BitConverter.DoubleToInt64Bits(DoubleAt(destination, to, i));
            if (!isSame || (from == ElementType.I64 && Math.Abs(sent) > IntegerMax))
            {
                return false;
            }
        }

        return true;
    }

    private static bool TryToIntegers(ReadOnlySpan<byte> source, ElementType from, Span<byte> destination, ElementType to)
    {
        for (int i = 0; i < source.Length / from.ByteCount(); i++)
        {
            double sent = DoubleAt(source, from, i);
            if (!(Math.Abs(sent) <= IntegerMax) || Math.Truncate(sent) != sent)
            {
                return false;
            }

            long integer = (long)sent;
            Span<byte> target = destination.Slice(i * to.ByteCount(), to.ByteCount());
            if (ElementConverter.ConvertChecked(MemoryMarshal.AsBytes(new ReadOnlySpan<long>(in integer)), ElementType.I64, target, to) >= 0)
            {
                return false;
            }
        }

        return true;
    }

    private static double DoubleAt(ReadOnlySpan<byte> elements, ElementType type, int i)
    {
        double value = 0;
        ElementConverter.Convert(elements.Slice(i * type.ByteCount(), type.ByteCount()), type, MemoryMarshal.AsBytes(new Span<double>(ref value)), ElementType.F64);
        return value;
    }
}
