namespace EmbedStore.Tensors;

/// <summary>The refusals of an index that points at nothing.</summary>
public static class IndexErrors
{
    /// <summary>Makes the refusal, <see cref="ErrorCode.IndexOutOfRange"/>.</summary>
    /// <param name="tensor">The tensor that brought the index, or null.</param>
    /// <param name="position">Its coordinates in that tensor.</param>
    /// <param name="dimension">The table's dimension.</param>
    /// <param name="index">As sent.</param>
    /// <param name="size">Size of the dimension.</param>
    public static EmbedStoreException OutOfRange(string? tensor, long[] position, int dimension, long index, long size)
    {
        string place = tensor is null ? "" : $" at position [{string.Join(", ", position)}] of tensor '{tensor}'";
        return new EmbedStoreException(
            ErrorCode.IndexOutOfRange,
            FormattableString.Invariant($"Index {index}{place} is outside dimension {dimension} of size {size}."),
            new Fact("tensor", tensor),
            new Fact("position", position),
            new Fact("dimension", dimension),
            new Fact("index", index),
            new Fact("size", size));
    }

    /// <summary>Makes the refusal of a string that is no key, <see cref="ErrorCode.IndexOutOfRange"/>.</summary>
    /// <param name="tensor">The tensor that brought it, or null.</param>
    /// <param name="position">Its coordinates in that tensor.</param>
    /// <param name="key">As sent.</param>
    public static EmbedStoreException NoKey(string? tensor, long[] position, ReadOnlySpan<byte> key)
    {
        string place = tensor is null ? "" : $" of tensor '{tensor}'";
        return new EmbedStoreException(
            ErrorCode.IndexOutOfRange,
            FormattableString.Invariant($"The string of {key.Length} bytes at position [{string.Join(", ", position)}]{place} is no key: {RowKeys.Rule}."),
            new Fact("tensor", tensor),
            new Fact("position", position),
            new Fact("dimension", 0),
            new Fact("index", key.Length <= RowKeys.KeyByteCountMax && System.Text.Unicode.Utf8.IsValid(key) ? System.Text.Encoding.UTF8.GetString(key) : null),
            new Fact("size", null));
    }

    /// <summary>Makes the refusal, <see cref="ErrorCode.RowNotFound"/>.</summary>
    /// <param name="position">Where the id stands in the request.</param>
    /// <param name="id">Row id, or key.</param>
    public static EmbedStoreException RowNotFound(long[] position, object id) => new(
        ErrorCode.RowNotFound,
        FormattableString.Invariant($"Row {id} at position [{string.Join(", ", position)}] was never written, or was erased."),
        new Fact("position", position),
        new Fact("id", id));
}
