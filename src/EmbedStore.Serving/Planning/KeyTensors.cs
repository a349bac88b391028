using EmbedStore.Tensors;

namespace EmbedStore.Serving;

/// <summary>Brings tensors that name rows by keys to one form, STR, whatever form they came in.</summary>
internal static class KeyTensors
{
    /// <summary>The tensors of a subscript, with row keys as STR; counted against <see cref="ServingLimits.IdCountMax"/>. On a table without keys, just as they are.</summary>
    /// <exception cref="EmbedStoreException"><see cref="ErrorCode.BodyTooLarge"/>.</exception>
    public static IReadOnlyDictionary<string, Tensor> Bind(TableShape table, Subscript subscript, IReadOnlyDictionary<string, Tensor> tensors, ServingLimits limits, ArraySource? arrays = null)
    {
        IReadOnlyDictionary<string, Tensor> bound = table.HasKeys && subscript.Items[0] is TensorItem item ? Bind(item.Name, tensors, limits, arrays) : tensors;
        limits.RequireIds(bound);
        return bound;
    }

    /// <summary>The tensors, with one of them as STR, when it can be read so and is there at all.</summary>
    /// <exception cref="EmbedStoreException"><see cref="ErrorCode.BodyTooLarge"/>.</exception>
    public static IReadOnlyDictionary<string, Tensor> Bind(string name, IReadOnlyDictionary<string, Tensor> tensors, ServingLimits limits, ArraySource? arrays = null) =>
        tensors.TryGetValue(name, out Tensor? tensor) ? new Dictionary<string, Tensor>(tensors) { [name] = ToKeys(name, tensor, limits, arrays) } : tensors;

    private static Tensor ToKeys(string name, Tensor tensor, ServingLimits limits, ArraySource? arrays) =>
        tensor.Keys is { } keys ? Tensor.Of(tensor.Shape, keys)
        : tensor is { Type: ElementType.U8, Shape.Rank: > 0 } ? OfPadded(name, tensor, limits, arrays)
        : tensor;

    private static Tensor OfPadded(string name, Tensor tensor, ServingLimits limits, ArraySource? arrays)
    {
        var shape = TensorShape.Of(tensor.Shape.Sizes[..^1]);
        if (shape.ElementCount > limits.IdCountMax)
        {
            throw limits.TooManyIds(name, shape.ElementCount);
        }

        // Without a byte each, all of them are empty strings, and refused as such.
        int width = (int)tensor.Shape[^1];
        return Tensor.Of(shape, width == 0 || tensor.Data.IsEmpty ? new RowKeys(default, new KeyRange[shape.ElementCount]) : RowKeys.OfPadded(tensor.Data, width, arrays));
    }
}
