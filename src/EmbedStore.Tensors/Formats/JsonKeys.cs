using System.Text.Json;

namespace EmbedStore.Tensors;

/// <summary>The second of two passes over a list of strings: unescapes them into one piece of memory.</summary>
internal static class JsonKeys
{
    /// <param name="cursor">At the first token of the list.</param>
    /// <param name="name">For messages.</param>
    /// <param name="nesting">What the first pass found.</param>
    public static RowKeys Read(JsonCursor cursor, string name, JsonNesting nesting)
    {
        var bytes = new byte[nesting.TextByteCount];
        var ranges = new KeyRange[nesting.Shape.ElementCount];
        int used = 0;
        for (int i = 0; i < ranges.Length; cursor.Read())
        {
            if (cursor.Token is JsonTokenType.StartArray or JsonTokenType.EndArray)
            {
                continue;
            }

            if (cursor.Token != JsonTokenType.String)
            {
                throw Malformed.At(cursor.Offset, $"Element {i} of tensor '{name}' is {cursor.Excerpt()}, which {ElementType.Str.WireName()} does not hold.");
            }

            ranges[i++] = new KeyRange(used, cursor.CopyString(bytes.AsSpan(used)));
            used += ranges[i - 1].Length;
        }

        return new RowKeys(bytes, ranges);
    }
}
