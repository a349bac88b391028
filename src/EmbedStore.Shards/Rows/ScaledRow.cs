using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

namespace EmbedStore.Shards;

/// <summary>I8 rows with a scale: an F32, then the elements; an element means scale times itself.</summary>
public static class ScaledRow
{
    private const float ElementMax = 127;

    /// <summary>Writes the values of a stored row.</summary>
    /// <param name="data">The scale and as many bytes as <paramref name="values"/> has elements.</param>
    /// <param name="values">Every element is written.</param>
    public static void Decode(ReadOnlySpan<byte> data, Span<float> values)
    {
        float scale = BinaryPrimitives.ReadSingleLittleEndian(data);
        ReadOnlySpan<sbyte> elements = MemoryMarshal.Cast<byte, sbyte>(data[sizeof(float)..]);
        int i = 0;
        for (; i <= values.Length - Vector<sbyte>.Count; i += Vector<sbyte>.Count)
        {
            Decode(new Vector<sbyte>(elements[i..]), scale, values[i..]);
        }

        for (; i < values.Length; i++)
        {
            values[i] = scale * elements[i];
        }
    }

    /// <summary>Stores values: the scale is the largest magnitude / 127, and 0 for a row of zeros. Elements are rounded to the nearest, ties to even.</summary>
    /// <remarks>A NaN becomes 0 and an infinity the largest number: what is sent is finite, but sums and steps may grow beyond it.</remarks>
    public static void Encode(ReadOnlySpan<float> values, Span<byte> data)
    {
        float magnitude = 0;
        foreach (float value in values)
        {
            magnitude = Math.Max(magnitude, float.IsNaN(value) ? 0 : Math.Abs(value));
        }

        float scale = ScaleOf(Math.Min(magnitude, float.MaxValue));
        BinaryPrimitives.WriteSingleLittleEndian(data, scale);
        Span<sbyte> elements = MemoryMarshal.Cast<byte, sbyte>(data[sizeof(float)..]);
        for (int i = 0; i < values.Length; i++)
        {
            // A scale below the smallest normal number is inexact, so the quotient is clamped.
            float element = scale == 0 ? 0 : Math.Clamp(MathF.Round(values[i] / scale), -ElementMax, ElementMax);
            elements[i] = float.IsNaN(element) ? (sbyte)0 : (sbyte)element;
        }
    }

    private static void Decode(Vector<sbyte> elements, float scale, Span<float> values)
    {
        Vector.Widen(elements, out Vector<short> low, out Vector<short> high);
        Decode(low, scale, values);
        Decode(high, scale, values[Vector<short>.Count..]);
    }

    private static void Decode(Vector<short> elements, float scale, Span<float> values)
    {
        Vector.Widen(elements, out Vector<int> low, out Vector<int> high);
        (Vector.ConvertToSingle(low) * scale).CopyTo(values);
        (Vector.ConvertToSingle(high) * scale).CopyTo(values[Vector<int>.Count..]);
    }

    private static float ScaleOf(float magnitude)
    {
        float scale = magnitude / ElementMax;
        return float.IsInfinity(scale * ElementMax) ? MathF.BitDecrement(scale) : scale;
    }
}
