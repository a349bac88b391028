using System.Runtime.InteropServices;
using EmbedStore.Tensors;

namespace EmbedStore.Shards;

/// <summary>The keys of a write in its log record: for each a head of 32 bits, length and above it how far its id is from the one that it asked for; then all keys, one behind the other.</summary>
/// <remarks>Both are filled up to multiples of 8 bytes. An erase has none: it makes no key known.</remarks>
internal static class KeyPart
{
    private const int LengthBits = 16;

    /// <summary>Unit: bytes, a multiple of 8.</summary>
    public static long ByteCount(RowWrite write)
    {
        RowKeys? keys = KeysOf(write);
        return keys is null ? 0 : LogFormat.Padded(keys.Count * (long)sizeof(uint)) + LogFormat.Padded(keys.ByteCount);
    }

    /// <returns>The rest of <paramref name="target"/>.</returns>
    public static Span<byte> Write(RowWrite write, ReadOnlySpan<long> rowIds, Span<byte> target)
    {
        if (KeysOf(write) is not { } keys)
        {
            return target;
        }

        int headByteCount = LogFormat.Padded(keys.Count * sizeof(uint));
        Span<uint> heads = MemoryMarshal.Cast<byte, uint>(target[..headByteCount]);
        heads[^1] = 0;
        ReadOnlySpan<long> askedIds = write.RowIds.Span;
        target = target[headByteCount..];
        int used = 0;
        for (int i = 0; i < keys.Count; i++)
        {
            ReadOnlySpan<byte> key = keys[i];
            heads[i] = (uint)key.Length | (unchecked((uint)(rowIds[i] - askedIds[i])) << LengthBits);
            key.CopyTo(target[used..]);
            used += key.Length;
        }

        int padded = LogFormat.Padded(used);
        target[used..padded].Clear();
        return target[padded..];
    }

    /// <returns>False when the part does not fit itself.</returns>
    public static bool TryRead(ReadOnlySpan<byte> part, int entryCount, out ReadOnlySpan<uint> heads, out ReadOnlySpan<byte> bytes)
    {
        heads = [];
        bytes = [];
        if (part.IsEmpty)
        {
            return true;
        }

        long headByteCount = LogFormat.Padded((long)entryCount * sizeof(uint));
        if (headByteCount > part.Length)
        {
            return false;
        }

        heads = MemoryMarshal.Cast<byte, uint>(part[..(entryCount * sizeof(uint))]);
        bytes = part[(int)headByteCount..];
        long byteCount = 0;
        bool areKeys = true;
        foreach (uint head in heads)
        {
            int length = LengthOf(head);
            areKeys &= length is > 0 and <= RowKeys.KeyByteCountMax;
            byteCount += length;
        }

        return areKeys && byteCount <= bytes.Length;
    }

    public static int LengthOf(uint head) => (int)(head & ((1 << LengthBits) - 1));

    public static long DisplacementOf(uint head) => head >> LengthBits;

    private static RowKeys? KeysOf(RowWrite write) => write is { Kind: not RowWriteKind.Erase, Keys.Count: > 0 } ? write.Keys : null;
}
