using System.Globalization;
using System.Runtime.InteropServices;
using EmbedStore.Tensors;

namespace EmbedStore.Server.Quickstart;

/// <summary>Compares what was computed here with what the server says, bit for bit.</summary>
internal static class Check
{
    /// <exception cref="CheckFailedException">Names the first element that differs.</exception>
    public static void Same(string what, Tensor expected, Tensor actual)
    {
        if (actual.Type != expected.Type || !actual.Shape.Equals(expected.Shape))
        {
            throw new CheckFailedException(what, Describe(expected), Describe(actual));
        }

        int same = expected.Data.Span.CommonPrefixLength(actual.Data.Span);
        if (same < expected.Data.Length)
        {
            int position = same / expected.Type.ByteCount();
            string at = $"{what}, element [{string.Join(", ", expected.Shape.CoordinatesOf(position))}]";
            throw new CheckFailedException(at, Element(expected, position), Element(actual, position));
        }
    }

    /// <exception cref="CheckFailedException">The condition does not hold.</exception>
    public static void That(bool condition, string what, string expected, string actual)
    {
        if (!condition)
        {
            throw new CheckFailedException(what, expected, actual);
        }
    }

    private static string Describe(Tensor tensor) => tensor.Type.WireName() + " " + Python.Shape(tensor.Shape);

    private static string Element(Tensor tensor, int position) => tensor.Type switch
    {
        ElementType.F32 => MemoryMarshal.Cast<byte, float>(tensor.Data.Span)[position].ToString(CultureInfo.InvariantCulture),
        ElementType.I64 => MemoryMarshal.Cast<byte, long>(tensor.Data.Span)[position].ToString(CultureInfo.InvariantCulture),
        _ => Convert.ToHexString(tensor.Data.Span.Slice(position * tensor.Type.ByteCount(), tensor.Type.ByteCount())),
    };
}
