namespace EmbedStore.Shards;

/// <summary>A natural logarithm that is the same to the bit on every machine: the library's differs between platforms.</summary>
/// <remarks>Made of operations that IEEE 754 defines exactly. Rows that were never written, and the places of shards, depend on it: it never changes.</remarks>
public static class PortableLog
{
    /// <summary>log x, with a relative error of some 1e-16.</summary>
    /// <param name="x">A normal positive number.</param>
    /// <remarks>log(m 2^e) = e log 2 + 2 artanh((m - 1) / (m + 1)); with m in [sqrt(1/2), sqrt(2)) the series' 12th term is below 1e-18.</remarks>
    public static double Of(double x)
    {
        long bits = BitConverter.DoubleToInt64Bits(x);
        int exponent = (int)(bits >> 52) - 1023;
        double mantissa = BitConverter.Int64BitsToDouble((bits & 0x000FFFFFFFFFFFFF) | 0x3FF0000000000000);
        if (mantissa > 1.4142135623730951)
        {
            mantissa /= 2;
            exponent++;
        }

        double s = (mantissa - 1) / (mantissa + 1);
        double square = s * s;
        double sum = 0;
        for (int k = 23; k >= 1; k -= 2)
        {
            sum = (sum * square) + (1.0 / k);
        }

        return (exponent * 0.6931471805599453) + (2 * s * sum);
    }
}
