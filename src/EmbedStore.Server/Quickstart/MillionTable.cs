using System.Runtime.InteropServices;
using EmbedStore.Tensors;

namespace EmbedStore.Server.Quickstart;

/// <summary>The large table. Its values follow from their place, so that any row can be checked without keeping them.</summary>
internal static class MillionTable
{
    public const string Name = "million";
    public const int Rows = 1_000_000;
    public const int Width = 64;
    public const int RowBytes = Width * sizeof(float);
    public const float Low = -0.05f;
    public const float High = 0.05f;

    public static string Spec { get; } = $$$"""
        {"shape": [{{{Rows}}}, {{{Width}}}], "missing": "initialize", "initializer": {"kind": "uniform", "low": -0.05, "high": 0.05, "seed": 7}}
        """;

    /// <summary>Consecutive rows.</summary>
    /// <param name="first">Row.</param>
    /// <param name="count">Unit: rows.</param>
    public static Tensor Block(int first, int count)
    {
        var data = new byte[count * RowBytes];
        for (int i = 0; i < count; i++)
        {
            WriteRow(first + i, MemoryMarshal.Cast<byte, float>(data.AsSpan(i * RowBytes, RowBytes)));
        }

        return new Tensor(ElementType.F32, TensorShape.Of(count, Width), data);
    }

    /// <summary>The rows of a tensor of ids.</summary>
    public static Tensor At(Tensor ids)
    {
        ReadOnlySpan<long> rows = MemoryMarshal.Cast<byte, long>(ids.Data.Span);
        var data = new byte[rows.Length * RowBytes];
        for (int i = 0; i < rows.Length; i++)
        {
            WriteRow((int)rows[i], MemoryMarshal.Cast<byte, float>(data.AsSpan(i * RowBytes, RowBytes)));
        }

        return new Tensor(ElementType.F32, TensorShape.Of([.. ids.Shape, Width]), data);
    }

    /// <summary>Random ids.</summary>
    public static Tensor Ids(Random random, params ReadOnlySpan<long> shape)
    {
        TensorShape sizes = TensorShape.Of(shape);
        var ids = new long[sizes.ElementCount];
        for (int i = 0; i < ids.Length; i++)
        {
            ids[i] = random.Next(Rows);
        }

        return Tensor.Of(sizes, ids);
    }

    private static void WriteRow(int row, Span<float> values)
    {
        for (int i = 0; i < values.Length; i++)
        {
            // Knuth's multiplicative hash; 24 bits are exact in a float.
            values[i] = unchecked((((uint)row * Width) + (uint)i) * 2654435761u) >> 8;
        }
    }
}
