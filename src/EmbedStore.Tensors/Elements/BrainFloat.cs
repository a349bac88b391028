using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace EmbedStore.Tensors;

/// <summary>BF16 as its 16 bits: the upper half of a binary32. .NET 10 has no such type.</summary>
public static class BrainFloat
{
    private const uint InfinityBits = 0x7F80_0000;
    private const uint SignMask = 0x8000_0000;
    private const uint QuietBit = 0x0040_0000;
    private const uint HalfUlpBelow = 0x7FFF;

    /// <summary>Exact; NaN payloads survive.</summary>
    public static float ToSingle(ushort bits) => BitConverter.UInt32BitsToSingle((uint)bits << 16);

    /// <summary>Rounds to nearest, ties to even. NaN stays NaN, quiet, with the upper payload.</summary>
    public static ushort FromSingle(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return (ushort)((float.IsNaN(value) ? bits | QuietBit : bits + HalfUlpBelow + ((bits >> 16) & 1)) >> 16);
    }

    /// <summary><see cref="ToSingle"/> for spans of one length.</summary>
    public static void Widen(ReadOnlySpan<ushort> source, Span<float> destination)
    {
        Span<uint> bits = MemoryMarshal.Cast<float, uint>(destination);
        TensorPrimitives.ConvertTruncating(source, bits);
        TensorPrimitives.ShiftLeft(bits, 16, bits);
    }

    /// <summary><see cref="FromSingle"/> for spans of one length.</summary>
    public static void Narrow(ReadOnlySpan<float> source, Span<ushort> destination)
    {
        ReadOnlySpan<uint> bits = MemoryMarshal.Cast<float, uint>(source);
        int i = 0;
        for (; i <= source.Length - Vector<ushort>.Count; i += Vector<ushort>.Count)
        {
            Vector<uint> low = Round(new Vector<uint>(bits[i..]));
            Vector<uint> high = Round(new Vector<uint>(bits[(i + Vector<uint>.Count)..]));
            Vector.Narrow(low, high).CopyTo(destination[i..]);
        }

        for (; i < source.Length; i++)
        {
            destination[i] = FromSingle(source[i]);
        }
    }

    private static Vector<uint> Round(Vector<uint> bits)
    {
        Vector<uint> isNaN = Vector.GreaterThan(bits & new Vector<uint>(~SignMask), new Vector<uint>(InfinityBits));
        Vector<uint> rounded = bits + new Vector<uint>(HalfUlpBelow) + ((bits >>> 16) & Vector<uint>.One);
        return Vector.ConditionalSelect(isNaN, bits | new Vector<uint>(QuietBit), rounded) >>> 16;
    }
}
