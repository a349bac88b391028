using System.Globalization;
using System.Numerics;
using System.Text;

namespace EmbedStore.Tensors;

/// <summary>Parses BF16 from decimal text with one rounding.</summary>
internal static class BrainFloatText
{
    private const uint Tie = 0x8000;

    /// <summary>Rounds to nearest, ties to even.</summary>
    /// <param name="text">A JSON number of at most a few kilobytes.</param>
    /// <param name="bits">The upper half of a binary32.</param>
    /// <returns>False when the number is too large for BF16.</returns>
    public static bool TryParse(ReadOnlySpan<byte> text, out ushort bits)
    {
        bits = 0;
        if (!float.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out float nearest))
        {
            return false;
        }

        uint pattern = BitConverter.SingleToUInt32Bits(nearest);
        if ((pattern & 0xFFFF) == Tie)
        {
            // The text may be just beside the tie that its nearest binary32 is: only the digits know.
            int side = CompareMagnitude(text, pattern);
            pattern = side > 0 ? pattern + 1 : side < 0 ? pattern - 1 : pattern;
        }

        bits = BrainFloat.FromSingle(BitConverter.UInt32BitsToSingle(pattern));
        return float.IsFinite(BrainFloat.ToSingle(bits));
    }

    /// <summary>Sign of |text| - |value|, exactly.</summary>
    private static int CompareMagnitude(ReadOnlySpan<byte> text, uint value)
    {
        (BigInteger left, int tens) = Digits(text);
        int exponent = (int)((value >> 23) & 0xFF);
        BigInteger right = (value & 0x7F_FFFF) | (exponent == 0 ? 0 : 0x80_0000u);
        int twos = Math.Max(exponent, 1) - 150;

        left *= BigInteger.Pow(10, Math.Max(tens, 0));
        right *= BigInteger.Pow(10, Math.Max(-tens, 0));
        return (left << Math.Max(-twos, 0)).CompareTo(right << Math.Max(twos, 0));
    }

    /// <summary>|text| as digits times a power of ten.</summary>
    private static (BigInteger Digits, int Tens) Digits(ReadOnlySpan<byte> text)
    {
        int mark = text.IndexOfAny("eE"u8);
        int tens = mark < 0 ? 0 : int.Parse(text[(mark + 1)..], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        string mantissa = Encoding.ASCII.GetString(mark < 0 ? text : text[..mark]).TrimStart('-');
        int point = mantissa.IndexOf('.', StringComparison.Ordinal);
        return point < 0
            ? (BigInteger.Parse(mantissa, CultureInfo.InvariantCulture), tens)
            : (BigInteger.Parse(mantissa.Remove(point, 1), CultureInfo.InvariantCulture), tens - (mantissa.Length - point - 1));
    }
}
