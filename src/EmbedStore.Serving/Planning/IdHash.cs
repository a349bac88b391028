using System.Security.Cryptography;

namespace EmbedStore.Serving;

/// <summary>A hash of row ids for tables in memory. It differs from process to process, so that nobody outside can choose ids that collide.</summary>
internal static class IdHash
{
    private static readonly ulong Seed = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong)));

    /// <summary>Any 31 bits.</summary>
    /// <remarks>The finalizer of SplitMix64 (Steele, Lea, Flood 2014), without its last step.</remarks>
    public static int Of(long id)
    {
        unchecked
        {
            ulong x = (ulong)id ^ Seed;
            x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
            x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
            return (int)(x >> 33);
        }
    }
}
