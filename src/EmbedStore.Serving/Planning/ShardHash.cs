namespace EmbedStore.Serving;

/// <summary>Which shard a row lives in. Files on disk depend on it: it never changes.</summary>
public static class ShardHash
{
    /// <summary>Shard of a row.</summary>
    /// <param name="rowId">Any.</param>
    /// <param name="shardCount">At least 1.</param>
    /// <returns>In [0, <paramref name="shardCount"/>).</returns>
    /// <remarks>Scales a hash by the high half of a product.</remarks>
    public static int ShardOf(long rowId, int shardCount) => (int)Math.BigMul(Mix(unchecked((ulong)rowId)), (ulong)shardCount, out _);

    /// <summary>64 bits that each depend on all 64 of <paramref name="bits"/>, one to one.</summary>
    /// <remarks>A step of SplitMix64 (Steele, Lea, Flood 2014).</remarks>
    internal static ulong Mix(ulong bits)
    {
        unchecked
        {
            ulong x = bits + 0x9E3779B97F4A7C15;
            x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
            x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
            return x ^ (x >> 31);
        }
    }
}
