using System.Globalization;
using System.Numerics;

namespace EmbedStore.Tensors.Tests;

/// <summary>Conversion of one element at a time, by definition instead of by instruction: slow, and sharing no code with the product.</summary>
internal static class ScalarReference
{
    private static readonly double[] BrainFloats = Ladder(bits => BitConverter.Int32BitsToSingle(bits << 16), 0x7F80, Math.ScaleB(1, 128));
    private static readonly double[] Halves = Ladder(bits => (double)BitConverter.Int16BitsToHalf((short)bits), 0x7C00, 65536);

    /// <summary>The element as a real number: double, or long where a double has not enough bits.</summary>
    public static object Read(ReadOnlySpan<byte> element, ElementType type) => type switch
    {
        ElementType.F32 => (object)(double)BitConverter.ToSingle(element),
        ElementType.F16 => (double)BitConverter.ToHalf(element),
        ElementType.BF16 => (double)BitConverter.Int32BitsToSingle(BitConverter.ToUInt16(element) << 16),
        ElementType.F64 => BitConverter.ToDouble(element),
        ElementType.I64 => BitConverter.ToInt64(element),
        ElementType.I32 => (long)BitConverter.ToInt32(element),
        ElementType.I16 => (long)BitConverter.ToInt16(element),
        ElementType.I8 => (long)(sbyte)element[0],
        ElementType.U8 => (long)element[0],
        _ => element[0] == 0 ? 0L : 1L,
    };

    /// <summary>The bytes of a number that the type holds, rounded to nearest even when it is a floating type.</summary>
    public static byte[] Write(object number, ElementType type) => type switch
    {
        ElementType.F32 => BitConverter.GetBytes(number is long integer ? float.Parse(integer.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture) : (float)(double)number),
        ElementType.F16 => BitConverter.GetBytes(Round(number, Halves, 0x8000)),
        ElementType.BF16 => BitConverter.GetBytes(Round(number, BrainFloats, 0x8000)),
        ElementType.F64 => BitConverter.GetBytes(number is long integer ? double.Parse(integer.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture) : (double)number),
        ElementType.I64 => BitConverter.GetBytes((long)number),
        ElementType.I32 => BitConverter.GetBytes(checked((int)(long)number)),
        ElementType.I16 => BitConverter.GetBytes(checked((short)(long)number)),
        ElementType.I8 => [(byte)checked((sbyte)(long)number)],
        _ => [checked((byte)(long)number)],
    };

    // All values from zero to infinity; infinity stands at the value that would follow, where rounding sees it.
    private static double[] Ladder(Func<int, double> valueOf, int infinity, double afterLast) =>
        [.. Enumerable.Range(0, infinity).Select(valueOf), afterLast];

    private static ushort Round(object number, double[] ladder, int sign)
    {
        if (number is double nan && double.IsNaN(nan))
        {
            return ushort.MaxValue;
        }

        bool negative = number is double d ? double.IsNegative(d) : (long)number < 0;
        int bits = RoundMagnitude(number is double value ? new Magnitude(Math.Abs(value), null) : new Magnitude(0, BigInteger.Abs((long)number)), ladder);
        return (ushort)(negative ? bits | sign : bits);
    }

    private static int RoundMagnitude(Magnitude magnitude, double[] ladder)
    {
        int low = 0, high = ladder.Length - 1;
        if (magnitude.CompareTo(ladder[high]) >= 0)
        {
            return high;
        }

        while (high - low > 1)
        {
            int middle = (low + high) / 2;
            (low, high) = magnitude.CompareTo(ladder[middle]) >= 0 ? (middle, high) : (low, middle);
        }

        int side = magnitude.CompareTo((ladder[low] + ladder[high]) / 2);
        return side < 0 ? low : side > 0 ? high : low + (low & 1);
    }

    private readonly record struct Magnitude(double Value, BigInteger? Integer)
    {
        public int CompareTo(double other)
        {
            if (Integer is not BigInteger integer)
            {
                return Value.CompareTo(other);
            }

            int whole = integer.CompareTo(new BigInteger(Math.Floor(other)));
            return whole == 0 && other != Math.Floor(other) ? -1 : whole;
        }
    }
}
