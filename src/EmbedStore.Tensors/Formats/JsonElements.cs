using System.Globalization;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace EmbedStore.Tensors;

/// <summary>The second of two passes over a list whose shape is known: parses every element from its text.</summary>
internal static class JsonElements
{
    private delegate bool ElementParser<T>(scoped in JsonCursor cursor, out T element);

    /// <param name="cursor">At the first token of the list. As many elements follow as the shape has.</param>
    /// <param name="name">For messages.</param>
    /// <param name="type">Type of the result; an element that it cannot hold is refused.</param>
    /// <param name="shape">Shape of the result.</param>
    public static Tensor Read(JsonCursor cursor, string name, ElementType type, TensorShape shape)
    {
        Int128 byteCount = (Int128)shape.ElementCount * type.ByteCount();
        if (byteCount > Array.MaxLength)
        {
            throw Malformed.At(cursor.Offset, $"Tensor '{name}' takes {byteCount} bytes; at most {Array.MaxLength} are allowed.");
        }

        var data = new byte[(int)byteCount];
        Fill(cursor, name, type, data);
        return new Tensor(type, shape, data);
    }

    private static void Fill(JsonCursor cursor, string name, ElementType type, Span<byte> data)
    {
        switch (type)
        {
            case ElementType.F32: Fill<float>(cursor, name, type, data, TryParseFloat); break;
            case ElementType.F16: Fill<Half>(cursor, name, type, data, TryParseFloat); break;
            case ElementType.BF16: Fill<ushort>(cursor, name, type, data, TryParseBrainFloat); break;
            case ElementType.F64: Fill<double>(cursor, name, type, data, TryParseFloat); break;
            case ElementType.I64: Fill<long>(cursor, name, type, data, TryParseInteger); break;
            case ElementType.I32: Fill<int>(cursor, name, type, data, TryParseInteger); break;
            case ElementType.I16: Fill<short>(cursor, name, type, data, TryParseInteger); break;
            case ElementType.I8: Fill<sbyte>(cursor, name, type, data, TryParseInteger); break;
            case ElementType.U8: Fill<byte>(cursor, name, type, data, TryParseInteger); break;
            default: Fill<byte>(cursor, name, type, data, TryParseBoolean); break;
        }
    }

    private static void Fill<T>(JsonCursor cursor, string name, ElementType type, Span<byte> data, ElementParser<T> tryParse)
        where T : unmanaged
    {
        Span<T> elements = MemoryMarshal.Cast<byte, T>(data);
        for (int i = 0; i < elements.Length; cursor.Read())
        {
            if (cursor.Token is JsonTokenType.StartArray or JsonTokenType.EndArray)
            {
                continue;
            }

            if (!tryParse(cursor, out elements[i++]))
            {
                throw Malformed.At(cursor.Offset, $"Element {i - 1} of tensor '{name}' is {cursor.Excerpt()}, which {type.WireName()} does not hold.");
            }
        }
    }

    private static bool TryParseInteger<T>(scoped in JsonCursor cursor, out T element)
        where T : unmanaged, IBinaryInteger<T>
    {
        element = default;
        return cursor.Token == JsonTokenType.Number && T.TryParse(cursor.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out element);
    }

    private static bool TryParseFloat<T>(scoped in JsonCursor cursor, out T element)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (cursor.Token == JsonTokenType.Number)
        {
            return T.TryParse(cursor.Text, NumberStyles.Float, CultureInfo.InvariantCulture, out element) && T.IsFinite(element);
        }

        bool found = TryParseNonFinite(cursor, out float value);
        element = T.CreateTruncating(value);
        return found;
    }

    private static bool TryParseBrainFloat(scoped in JsonCursor cursor, out ushort element)
    {
        if (cursor.Token == JsonTokenType.Number)
        {
            return BrainFloatText.TryParse(cursor.Text, out element);
        }

        bool found = TryParseNonFinite(cursor, out float value);
        element = BrainFloat.FromSingle(value);
        return found;
    }

    private static bool TryParseNonFinite(scoped in JsonCursor cursor, out float value)
    {
        value = float.NaN;
        return cursor.Token == JsonTokenType.String && JsonNonFinite.TryParse(cursor, out value);
    }

    private static bool TryParseBoolean(scoped in JsonCursor cursor, out byte element)
    {
        element = cursor.Token == JsonTokenType.True ? (byte)1 : (byte)0;
        return cursor.Token is JsonTokenType.True or JsonTokenType.False;
    }
}
