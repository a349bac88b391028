namespace EmbedStore.Gpu;

/// <summary>Elements of 16 bits as integers: conversions by shifts and adds, the same bits on every device.</summary>
/// <remarks>Formula: IEEE 754, round to nearest, ties to even; NaN stays NaN, quiet. Reference: <c>ElementConverter</c> of EmbedStore.Tensors.</remarks>
internal static class Elements16
{
    private const uint SignMask = 0x8000_0000;
    private const uint InfinityBits = 0x7F80_0000;
    private const uint QuietBit = 0x0040_0000;
    private const int HalfShift = 13;

    /// <summary>Difference of the exponents' biases, in binary32's place.</summary>
    private const uint HalfBias = 112u << 23;

    /// <summary>The smallest magnitude that is infinite as binary16: 65520.</summary>
    private const uint HalfOverflow = 0x477F_F000;

    /// <summary>The smallest normal binary16: 2^-14.</summary>
    private const uint HalfNormalMin = 0x3880_0000;

    /// <summary>BF16 to binary32: exact.</summary>
    public static float FromBrain(ushort bits) => Ieee.Number((uint)bits << 16);

    /// <summary>Binary32 to BF16.</summary>
    public static ushort ToBrain(float value)
    {
        uint bits = Ieee.Bits(value);
        uint rounded = unchecked(bits + 0x7FFF + ((bits >> 16) & 1));
        return unchecked((ushort)(((bits & ~SignMask) > InfinityBits ? bits | QuietBit : rounded) >> 16));
    }

    /// <summary>Binary16 to binary32: exact.</summary>
    public static float FromHalf(ushort bits)
    {
        uint sign = ((uint)bits & 0x8000) << 16;
        uint magnitude = (uint)bits & 0x7FFF;
        if (magnitude >= 0x7C00)
        {
            // Infinity, or NaN, which becomes quiet.
            uint quiet = magnitude > 0x7C00 ? QuietBit : 0;
            return Ieee.Number(sign | InfinityBits | (magnitude << HalfShift) | quiet);
        }

        if (magnitude >= 0x0400)
        {
            return Ieee.Number(sign | unchecked((magnitude << HalfShift) + HalfBias));
        }

        // A subnormal is a multiple of 2^-24, and so exact in binary32.
        float value = magnitude * 5.9604644775390625e-08f;
        return Ieee.Number(sign | Ieee.Bits(value));
    }

    /// <summary>Binary32 to binary16.</summary>
    public static ushort ToHalf(float value)
    {
        uint bits = Ieee.Bits(value);
        uint sign = (bits & SignMask) >> 16;
        uint magnitude = bits & ~SignMask;
        if (magnitude > InfinityBits)
        {
            return unchecked((ushort)(sign | 0x7E00 | ((magnitude >> HalfShift) & 0x3FF)));
        }

        if (magnitude >= HalfOverflow)
        {
            return unchecked((ushort)(sign | 0x7C00));
        }

        if (magnitude >= HalfNormalMin)
        {
            uint rounded = unchecked(magnitude - HalfBias + 0xFFF + ((magnitude >> HalfShift) & 1));
            return unchecked((ushort)(sign | (rounded >> HalfShift)));
        }

        // One unit of a subnormal is 2^-24; half of that added to a number below 2^-14 rounds it there: 0.5 has its last bit at 2^-24.
        float shifted = Ieee.Number(magnitude) + 0.5f;
        return unchecked((ushort)(sign | (Ieee.Bits(shifted) - 0x3F00_0000)));
    }

    /// <summary>The neighbour of a binary64 in binary32 whose last bit is set, unless it is exact: a second rounding to 16 bits then decides as if it were the only one.</summary>
    public static float RoundToOdd(double value)
    {
        float nearest = (float)value;
        if (nearest == value || Ieee.IsNaN(nearest))
        {
            return nearest;
        }

        uint bits = Ieee.Bits(nearest);
        double magnitude = value < 0 ? -value : value;
        double rounded = nearest < 0 ? -(double)nearest : nearest;
        return Ieee.Number((rounded > magnitude ? unchecked(bits - 1) : bits) | 1);
    }
}
