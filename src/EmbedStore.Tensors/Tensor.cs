namespace EmbedStore.Tensors;

/// <summary>A dense, row-major, little-endian tensor over bytes that it does not own and does not copy.</summary>
/// <remarks>Nothing aligns the bytes: use unaligned loads. Immutable as long as the memory is.</remarks>
public sealed class Tensor
{
    /// <summary>Views <paramref name="data"/> as a tensor.</summary>
    /// <param name="type">Element type.</param>
    /// <param name="shape">Any shape whose byte count fits an int.</param>
    /// <param name="data">Exactly the elements of <paramref name="shape"/>, row-major. Unit: bytes.</param>
    /// <exception cref="ArgumentException">The byte count of the shape is not the length of the data.</exception>
    public Tensor(ElementType type, TensorShape shape, ReadOnlyMemory<byte> data)
    {
        if (Math.BigMul(shape.ElementCount, type.ByteCount()) != data.Length)
        {
            throw new ArgumentException($"{type.WireName()} {shape} does not take {data.Length} bytes.", nameof(data));
        }

        Type = type;
        Shape = shape;
        Data = data;
    }

    private Tensor(TensorShape shape, RowKeys keys)
    {
        Type = ElementType.Str;
        Shape = shape;
        Keys = keys;
    }

    /// <summary>Element type.</summary>
    public ElementType Type { get; }

    /// <summary>Sizes of the dimensions.</summary>
    public TensorShape Shape { get; }

    /// <summary>The elements. Unit: bytes.</summary>
    public ReadOnlyMemory<byte> Data { get; }

    /// <summary>The elements as keys of rows: of STR always, and of what may be meant so, a JSON list of nothing or of <c>"NaN"</c> and its like. Null otherwise.</summary>
    public RowKeys? Keys { get; internal init; }

    /// <summary>A tensor of STR.</summary>
    /// <exception cref="ArgumentException">The shape has another number of elements.</exception>
    public static Tensor Of(TensorShape shape, RowKeys keys) => shape.ElementCount == keys.Count
        ? new Tensor(shape, keys)
        : throw new ArgumentException($"{shape} does not take {keys.Count} keys.", nameof(keys));

    /// <summary>A tensor over a copy of <paramref name="elements"/>.</summary>
    /// <exception cref="ArgumentException">The shape has another number of elements.</exception>
    public static Tensor From<T>(ElementType type, TensorShape shape, ReadOnlySpan<T> elements)
        where T : unmanaged => new(type, shape, System.Runtime.InteropServices.MemoryMarshal.AsBytes(elements).ToArray());

    /// <summary>A tensor of int64 over a copy of <paramref name="elements"/>.</summary>
    /// <exception cref="ArgumentException">The shape has another number of elements.</exception>
    public static Tensor Of(TensorShape shape, params ReadOnlySpan<long> elements) => From(ElementType.I64, shape, elements);

    /// <summary>A tensor of binary32 over a copy of <paramref name="elements"/>.</summary>
    /// <exception cref="ArgumentException">The shape has another number of elements.</exception>
    public static Tensor Of(TensorShape shape, params ReadOnlySpan<float> elements) => From(ElementType.F32, shape, elements);
}
