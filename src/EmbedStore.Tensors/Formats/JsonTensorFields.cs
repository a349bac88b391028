using System.Text.Json;

namespace EmbedStore.Tensors;

/// <summary>The fields that a tensor has in a safetensors header and in JSON alike.</summary>
internal static class JsonTensorFields
{
    private static readonly string Supported = string.Join(", ", ElementTypes.Names);

    /// <summary>Goes to the next value, an element type's wire name.</summary>
    /// <param name="cursor">Before the value.</param>
    /// <param name="tensor">For messages.</param>
    /// <param name="withKeys">STR is one of them.</param>
    public static ElementType ReadType(ref JsonCursor cursor, string tensor, bool withKeys = false)
    {
        cursor.Read(JsonTokenType.String, $"dtype of tensor '{tensor}'");
        string name = cursor.GetString();
        return (withKeys ? ElementTypes.TryParseWithKeys(name, out ElementType type) : ElementTypes.TryParse(name, out type))
            ? type
            : throw Malformed.At(cursor.Offset, $"dtype of tensor '{tensor}' is '{name}'; supported are {Supported}.");
    }

    /// <summary>Goes to the next value, at most <see cref="TensorShape.RankMax"/> sizes.</summary>
    public static long[] ReadSizes(ref JsonCursor cursor, string tensor) => cursor.ReadCounts(TensorShape.RankMax, $"shape of tensor '{tensor}'");

    /// <summary>The shape of sizes whose product may overflow.</summary>
    public static TensorShape ToShape(ReadOnlySpan<long> sizes, string tensor, long offset) => TensorShape.TryCreate(sizes, out TensorShape? shape)
        ? shape
        : throw Malformed.At(offset, $"Tensor '{tensor}' of shape [{string.Join(", ", sizes.ToArray())}] has more than {long.MaxValue} elements.");
}
