namespace EmbedStore.Shards;

/// <summary>Random bits that are a function of (seed, row id, column): a SplitMix64 stream for each row, entered at any column.</summary>
/// <remarks>Source: Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014, with the output mixer of java.util.SplittableRandom. Stored tables depend on it: it never changes.</remarks>
internal static class RowHash
{
    private const ulong Gamma = 0x9E3779B97F4A7C15;

    /// <summary>Where a row's stream begins.</summary>
    public static ulong Row(long seed, long rowId) => unchecked(Mix((ulong)seed + Gamma) ^ Mix((ulong)rowId));

    /// <summary>A multiple of 2^-53 in [0, 1).</summary>
    public static double Fraction(ulong row, int column) => (Bits(row, column) >> 11) * (1.0 / (1L << 53));

    /// <summary>An odd multiple of 2^-53 in (0, 1): never an end, so that a quantile of it is finite.</summary>
    public static double OpenFraction(ulong row, int column) => ((Bits(row, column) >> 12) + 0.5) * (1.0 / (1L << 52));

    private static ulong Bits(ulong row, int column) => unchecked(Mix(row + (((ulong)column + 1) * Gamma)));

    private static ulong Mix(ulong bits)
    {
        unchecked
        {
            bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9;
            bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EB;
            return bits ^ (bits >> 31);
        }
    }
}
