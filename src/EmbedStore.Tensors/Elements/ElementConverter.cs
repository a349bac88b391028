using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace EmbedStore.Tensors;

/// <summary>Converts runs of little-endian elements from one type to another.</summary>
/// <remarks>
/// <para>Floats round once, to nearest, ties to even; too large becomes infinity and NaN stays NaN. Booleans become 0 and 1.</para>
/// <para>Spans need no alignment and do not overlap. Allocates nothing.</para>
/// </remarks>
public static class ElementConverter
{
    /// <summary>Elements that take the detour over a buffer on the stack at once: 4 KiB of doubles stay in the first-level cache.</summary>
    private const int ChunkElementCount = 512;

    /// <summary>True for equal types, any number to a floating type, and integers or booleans to an integer that holds all their values.</summary>
    public static bool CanConvert(ElementType from, ElementType to) =>
        from == to || (to.IsFloatingPoint() && from != ElementType.Str) || (IsIntegral(from) && to.IsInteger() && IntegerRange.Of(from).IsWithin(IntegerRange.Of(to)));

    /// <summary>Converts every element.</summary>
    /// <param name="source">Whole elements. Unit: bytes.</param>
    /// <param name="from">Type of <paramref name="source"/>.</param>
    /// <param name="destination">As many elements as <paramref name="source"/>. Unit: bytes.</param>
    /// <param name="to">Type of <paramref name="destination"/>.</param>
    /// <exception cref="ArgumentException"><see cref="CanConvert"/> is false, or the element counts differ; nothing was written.</exception>
    public static void Convert(ReadOnlySpan<byte> source, ElementType from, Span<byte> destination, ElementType to)
    {
        if (!CanConvert(from, to))
        {
            throw new ArgumentException($"{from.WireName()} does not convert to {to.WireName()}.", nameof(to));
        }

        CheckLengths(source, from, destination, to);
        ConvertUnchecked(source, from, destination, to);
    }

    /// <summary>Converts integers or booleans to any integer type, if every one fits.</summary>
    /// <param name="source">Whole elements. Unit: bytes.</param>
    /// <param name="from">Integer or Bool.</param>
    /// <param name="destination">As many elements as <paramref name="source"/>. Unit: bytes.</param>
    /// <param name="to">Integer.</param>
    /// <returns>-1, or the position of the first element that does not fit; then nothing was written.</returns>
    /// <exception cref="ArgumentException">A type is not an integer, or the element counts differ; nothing was written.</exception>
    public static int ConvertChecked(ReadOnlySpan<byte> source, ElementType from, Span<byte> destination, ElementType to)
    {
        CheckLengths(source, from, destination, to);
        int bad = FirstNotRepresentable(source, from, to);
        if (bad < 0)
        {
            ConvertUnchecked(source, from, destination, to);
        }

        return bad;
    }

    /// <summary>Position of the first integer that type <paramref name="to"/> cannot hold, or -1.</summary>
    /// <param name="source">Whole elements. Unit: bytes.</param>
    /// <param name="from">Integer or Bool.</param>
    /// <param name="to">Integer.</param>
    /// <exception cref="ArgumentException">A type is not an integer.</exception>
    public static int FirstNotRepresentable(ReadOnlySpan<byte> source, ElementType from, ElementType to)
    {
        if (!IsIntegral(from) || !to.IsInteger())
        {
            throw new ArgumentException($"{from.WireName()} to {to.WireName()} is not a conversion of integers.", nameof(to));
        }

        IntegerRange range = IntegerRange.Of(to);
        if (IntegerRange.Of(from).IsWithin(range))
        {
            return -1;
        }

        Span<long> wide = stackalloc long[ChunkElementCount];
        int count = source.Length / from.ByteCount();
        for (int start = 0; start < count; start += ChunkElementCount)
        {
            Span<long> chunk = wide[..Math.Min(ChunkElementCount, count - start)];
            ConvertUnchecked(Elements(source, from, start, chunk.Length), from, MemoryMarshal.AsBytes(chunk), ElementType.I64);
            int bad = range.IndexOfOutside(chunk);
            if (bad >= 0)
            {
                return start + bad;
            }
        }

        return -1;
    }

    /// <summary>Widens an index tensor.</summary>
    /// <param name="tensor">I64, I32, I16, I8 or U8, any shape.</param>
    /// <param name="destination">One place for each element, row-major.</param>
    /// <exception cref="ArgumentException">The type is not an integer, or the element counts differ; nothing was written.</exception>
    public static void ReadIntegers(Tensor tensor, Span<long> destination)
    {
        if (!tensor.Type.IsInteger())
        {
            throw new ArgumentException($"{tensor.Type.WireName()} is not an integer type.", nameof(tensor));
        }

        if (destination.Length != tensor.Shape.ElementCount)
        {
            throw new ArgumentException($"{tensor.Shape} does not take {destination.Length} elements.", nameof(destination));
        }

        ConvertUnchecked(tensor.Data.Span, tensor.Type, MemoryMarshal.AsBytes(destination), ElementType.I64);
    }

    private static bool IsIntegral(ElementType type) => type.IsInteger() || type == ElementType.Bool;

    private static void CheckLengths(ReadOnlySpan<byte> source, ElementType from, Span<byte> destination, ElementType to)
    {
        (int count, int rest) = Math.DivRem(source.Length, from.ByteCount());
        if (rest != 0 || Math.BigMul(count, to.ByteCount()) != destination.Length)
        {
            throw new ArgumentException(
                $"{source.Length} bytes of {from.WireName()} do not become {destination.Length} bytes of {to.WireName()}.", nameof(destination));
        }
    }

    private static ReadOnlySpan<byte> Elements(ReadOnlySpan<byte> source, ElementType type, int start, int count) =>
        source.Slice(start * type.ByteCount(), count * type.ByteCount());

    // MemoryMarshal.Cast of odd addresses is fine on every platform .NET 10 runs on: loads are unaligned there.
    private static void ConvertUnchecked(ReadOnlySpan<byte> source, ElementType from, Span<byte> destination, ElementType to)
    {
        if (from == to)
        {
            source.CopyTo(destination);
            return;
        }

        switch (from)
        {
            case ElementType.F32: To(MemoryMarshal.Cast<byte, float>(source), destination, to); break;
            case ElementType.F16: To(MemoryMarshal.Cast<byte, Half>(source), destination, to); break;
            case ElementType.BF16: FromBrainFloats(MemoryMarshal.Cast<byte, ushort>(source), destination, to); break;
            case ElementType.F64: To(MemoryMarshal.Cast<byte, double>(source), destination, to); break;
            case ElementType.I64: To(MemoryMarshal.Cast<byte, long>(source), destination, to); break;
            case ElementType.I32: To(MemoryMarshal.Cast<byte, int>(source), destination, to); break;
            case ElementType.I16: To(MemoryMarshal.Cast<byte, short>(source), destination, to); break;
            case ElementType.I8: To(MemoryMarshal.Cast<byte, sbyte>(source), destination, to); break;
            case ElementType.U8: To(source, destination, to); break;
            default: FromBooleans(source, destination, to); break;
        }
    }

    private static void To<T>(ReadOnlySpan<T> source, Span<byte> destination, ElementType to)
        where T : unmanaged, INumber<T>
    {
        switch (to)
        {
            case ElementType.F32: TensorPrimitives.ConvertTruncating(source, MemoryMarshal.Cast<byte, float>(destination)); break;
            case ElementType.F16: TensorPrimitives.ConvertTruncating(source, MemoryMarshal.Cast<byte, Half>(destination)); break;
            case ElementType.BF16: ToBrainFloats(source, MemoryMarshal.Cast<byte, ushort>(destination)); break;
            case ElementType.F64: TensorPrimitives.ConvertTruncating(source, MemoryMarshal.Cast<byte, double>(destination)); break;
            case ElementType.I64: TensorPrimitives.ConvertTruncating(source, MemoryMarshal.Cast<byte, long>(destination)); break;
            case ElementType.I32: TensorPrimitives.ConvertTruncating(source, MemoryMarshal.Cast<byte, int>(destination)); break;
            case ElementType.I16: TensorPrimitives.ConvertTruncating(source, MemoryMarshal.Cast<byte, short>(destination)); break;
            case ElementType.I8: TensorPrimitives.ConvertTruncating(source, MemoryMarshal.Cast<byte, sbyte>(destination)); break;
            default: TensorPrimitives.ConvertTruncating(source, destination); break;
        }
    }

    private static void FromBrainFloats(ReadOnlySpan<ushort> source, Span<byte> destination, ElementType to)
    {
        if (to == ElementType.F32)
        {
            BrainFloat.Widen(source, MemoryMarshal.Cast<byte, float>(destination));
            return;
        }

        Span<float> wide = stackalloc float[ChunkElementCount];
        for (int start = 0; start < source.Length; start += ChunkElementCount)
        {
            Span<float> chunk = wide[..Math.Min(ChunkElementCount, source.Length - start)];
            BrainFloat.Widen(source.Slice(start, chunk.Length), chunk);
            To<float>(chunk, destination[(start * to.ByteCount())..][..(chunk.Length * to.ByteCount())], to);
        }
    }

    private static void FromBooleans(ReadOnlySpan<byte> source, Span<byte> destination, ElementType to)
    {
        Span<byte> ones = stackalloc byte[ChunkElementCount];
        for (int start = 0; start < source.Length; start += ChunkElementCount)
        {
            Span<byte> chunk = ones[..Math.Min(ChunkElementCount, source.Length - start)];
            TensorPrimitives.Min(source.Slice(start, chunk.Length), (byte)1, chunk);
            To<byte>(chunk, destination[(start * to.ByteCount())..][..(chunk.Length * to.ByteCount())], to);
        }
    }

    private static void ToBrainFloats<T>(ReadOnlySpan<T> source, Span<ushort> destination)
        where T : unmanaged, INumber<T>
    {
        if (typeof(T) == typeof(float))
        {
            BrainFloat.Narrow(MemoryMarshal.Cast<T, float>(source), destination);
            return;
        }

        Span<float> wide = stackalloc float[ChunkElementCount];
        for (int start = 0; start < source.Length; start += ChunkElementCount)
        {
            Span<float> chunk = wide[..Math.Min(ChunkElementCount, source.Length - start)];
            ToSingles(source.Slice(start, chunk.Length), chunk);
            BrainFloat.Narrow(chunk, destination.Slice(start, chunk.Length));
        }
    }

    private static void ToSingles<T>(ReadOnlySpan<T> source, Span<float> destination)
        where T : unmanaged, INumber<T>
    {
        bool isExact = default(T) is Half or short or sbyte or byte;
        if (isExact)
        {
            TensorPrimitives.ConvertTruncating(source, destination);
            return;
        }

        // To odd: the nearest binary32 may be a tie that the source was not.
        for (int i = 0; i < source.Length; i++)
        {
            destination[i] = RoundToOdd.ToSingle(ToDouble(source[i]));
        }
    }

    private static double ToDouble<T>(T value)
        where T : unmanaged, INumber<T> =>
        typeof(T) == typeof(long) ? RoundToOdd.ToDouble(long.CreateTruncating(value)) : double.CreateTruncating(value);
}
