namespace EmbedStore.Tensors;

/// <summary>Rounding that leaves a trace of what it dropped, so that a second rounding to fewer bits decides as if it were the only one.</summary>
/// <remarks>Boldo and Melquiond, "When double rounding is odd" (2005): right when the second format has at least two bits less.</remarks>
internal static class RoundToOdd
{
    private const long ExactInDoubleMax = 1L << 53;
    private const int DroppedBitCount = 11;

    /// <summary>Exact up to 2^53; above it the last kept bit is set when a dropped one was.</summary>
    public static double ToDouble(long value)
    {
        if (value is >= -ExactInDoubleMax and <= ExactInDoubleMax)
        {
            return value;
        }

        long kept = value >> DroppedBitCount;
        bool inexact = (value & ((1L << DroppedBitCount) - 1)) != 0;
        return (double)(inexact ? kept | 1 : kept) * (1L << DroppedBitCount);
    }

    /// <summary>The neighbour of <paramref name="value"/> whose last bit is set, unless it is exact or NaN.</summary>
    public static float ToSingle(double value)
    {
        float nearest = (float)value;
        if (nearest == value || double.IsNaN(value))
        {
            return nearest;
        }

        uint bits = BitConverter.SingleToUInt32Bits(nearest);
        bool away = Math.Abs((double)nearest) > Math.Abs(value);
        return BitConverter.UInt32BitsToSingle((away ? bits - 1 : bits) | 1);
    }
}
