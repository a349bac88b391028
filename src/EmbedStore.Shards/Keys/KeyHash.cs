using System.Buffers.Binary;
using System.Numerics;

namespace EmbedStore.Shards;

/// <summary>The id that a key asks for: SipHash-2-4 of its bytes under the key 00 01 ... 0F, as a signed number.</summary>
/// <remarks>
/// Source: Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012, whose test vectors have this very key. Chosen for being short, and because nobody can make many keys
/// of one hash at will. Which shard a row lives in, and what it starts from, depend on it: it never changes.
/// </remarks>
public static class KeyHash
{
    private const ulong K0 = 0x0706050403020100;
    private const ulong K1 = 0x0F0E0D0C0B0A0908;

    /// <summary>The id of each key. Shape [n].</summary>
    public static long[] Of(Tensors.RowKeys keys)
    {
        var ids = new long[keys.Count];
        Fill(keys, ids);
        return ids;
    }

    /// <summary>The id of each key.</summary>
    /// <param name="keys">Shape [n].</param>
    /// <param name="ids">Shape [n].</param>
    public static void Fill(Tensors.RowKeys keys, Span<long> ids)
    {
        for (int i = 0; i < ids.Length; i++)
        {
            ids[i] = Of(keys[i]);
        }
    }

    /// <summary>The id of a key.</summary>
    public static long Of(ReadOnlySpan<byte> key)
    {
        unchecked
        {
            ulong v0 = K0 ^ 0x736F6D6570736575;
            ulong v1 = K1 ^ 0x646F72616E646F6D;
            ulong v2 = K0 ^ 0x6C7967656E657261;
            ulong v3 = K1 ^ 0x7465646279746573;
            ulong last = (ulong)key.Length << 56;
            for (; key.Length >= sizeof(ulong); key = key[sizeof(ulong)..])
            {
                Take(BinaryPrimitives.ReadUInt64LittleEndian(key), ref v0, ref v1, ref v2, ref v3);
            }

            for (int i = 0; i < key.Length; i++)
            {
                last |= (ulong)key[i] << (8 * i);
            }

            Take(last, ref v0, ref v1, ref v2, ref v3);
            v2 ^= 0xFF;
            for (int round = 0; round < 4; round++)
            {
                Mix(ref v0, ref v1, ref v2, ref v3);
            }

            return (long)(v0 ^ v1 ^ v2 ^ v3);
        }
    }

    private static void Take(ulong word, ref ulong v0, ref ulong v1, ref ulong v2, ref ulong v3)
    {
        v3 ^= word;
        Mix(ref v0, ref v1, ref v2, ref v3);
        Mix(ref v0, ref v1, ref v2, ref v3);
        v0 ^= word;
    }

    private static void Mix(ref ulong v0, ref ulong v1, ref ulong v2, ref ulong v3)
    {
        unchecked
        {
            v0 += v1;
            v2 += v3;
            v1 = BitOperations.RotateLeft(v1, 13) ^ v0;
            v3 = BitOperations.RotateLeft(v3, 16) ^ v2;
            v0 = BitOperations.RotateLeft(v0, 32);
            v2 += v1;
            v0 += v3;
            v1 = BitOperations.RotateLeft(v1, 17) ^ v2;
            v3 = BitOperations.RotateLeft(v3, 21) ^ v0;
            v2 = BitOperations.RotateLeft(v2, 32);
        }
    }
}
