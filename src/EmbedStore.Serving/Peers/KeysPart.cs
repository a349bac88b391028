using System.Runtime.InteropServices;
using EmbedStore.Tensors;

namespace EmbedStore.Serving;

/// <summary>Row keys in a message: their lengths, then their bytes.</summary>
internal static class KeysPart
{
    /// <param name="writer">Gets the keys.</param>
    /// <param name="keys">Some keys.</param>
    /// <param name="places">Those that are meant, in this order; empty: all.</param>
    public static void Write(PeerWriter writer, RowKeys keys, ReadOnlySpan<int> places)
    {
        int count = places.IsEmpty ? keys.Count : places.Length;
        var lengths = new int[count];
        var bytes = new MemoryStream();
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> key = keys[places.IsEmpty ? i : places[i]];
            lengths[i] = key.Length;
            bytes.Write(key);
        }

        writer.Many<int>(lengths);
        writer.Many<byte>(bytes.GetBuffer().AsSpan(0, (int)bytes.Length));
    }

    /// <summary>Keys over the message's own memory.</summary>
    /// <exception cref="InvalidDataException">Lengths and bytes do not fit each other.</exception>
    public static RowKeys Read(PeerReader reader)
    {
        ReadOnlySpan<int> lengths = MemoryMarshal.Cast<byte, int>(reader.Many(sizeof(int)).Span);
        ReadOnlyMemory<byte> bytes = reader.Many(1);
        var ranges = new KeyRange[lengths.Length];
        int begin = 0;
        for (int i = 0; i < ranges.Length; i++)
        {
            if (lengths[i] < 0 || lengths[i] > bytes.Length - begin)
            {
                throw new InvalidDataException($"Key {i} of a message has {lengths[i]} bytes, and {bytes.Length - begin} are left.");
            }

            ranges[i] = new KeyRange(begin, lengths[i]);
            begin += lengths[i];
        }

        return new RowKeys(bytes, ranges);
    }
}
