using EmbedStore.Tensors;

namespace EmbedStore.Server.Quickstart;

/// <summary>The client's own copy of a table: a plain array, changed by plain loops, that the server must agree with.</summary>
internal sealed class Mirror
{
    public Mirror(string table, TensorShape shape, Func<int, float> element)
    {
        Table = table;
        Shape = shape;
        Values = [.. Enumerable.Range(0, (int)shape.ElementCount).Select(element)];
    }

    public string Table { get; }

    public TensorShape Shape { get; }

    /// <summary>Row-major.</summary>
    public float[] Values { get; }

    public Tensor Whole => Tensor.Of(Shape, Values);

    /// <summary>The elements at flat positions.</summary>
    public Tensor At(Tensor positions)
    {
        ReadOnlySpan<long> from = System.Runtime.InteropServices.MemoryMarshal.Cast<byte, long>(positions.Data.Span);
        var picked = new float[from.Length];
        for (int i = 0; i < picked.Length; i++)
        {
            picked[i] = Values[from[i]];
        }

        return Tensor.Of(positions.Shape, picked);
    }
}
