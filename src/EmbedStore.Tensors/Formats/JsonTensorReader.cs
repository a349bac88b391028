using System.Text.Json;

namespace EmbedStore.Tensors;

/// <summary>Reads JSON bodies: <c>{"tensors": {"ids": [[1, 2], [3, 4]]}, "index": "[ids]"}</c>.</summary>
/// <remarks>
/// <para>A tensor is a nested list or a bare value (integers I64, any fraction or exponent F32, booleans BOOL, strings STR, empty I64), or an
/// object of <c>dtype</c>, <c>shape</c> and flat <c>data</c>. <c>"NaN"</c>, <c>"Infinity"</c> and <c>"-Infinity"</c> stand for floats; a list of nothing else is F32, and has <see cref="Tensor.Keys"/> too.</para>
/// <para>Numbers are rounded once, from their text. A number that does not fit its type is refused, not rounded to infinity.</para>
/// </remarks>
public static class JsonTensorReader
{
    /// <summary>Lists and objects within each other, parameters included.</summary>
    public const int DepthMax = 32;

    /// <summary>Longest text of one number. Unit: bytes. The exact digits of any binary64 are fewer.</summary>
    public const int NumberByteCountMax = 1_200;

    private const string TensorsKey = "tensors";

    /// <summary>Reads one body. Tensors are copied out of it.</summary>
    /// <exception cref="EmbedStoreException">MalformedBody, with <c>offset</c>.</exception>
    public static JsonMessage Read(ReadOnlyMemory<byte> utf8)
    {
        var tensors = new Dictionary<string, Tensor>();
        var fields = new Dictionary<string, JsonElement>();
        var cursor = new JsonCursor(utf8.Span, origin: 0, DepthMax);

        cursor.Read(JsonTokenType.StartObject, "The body");
        var keys = new HashSet<string>();
        while (cursor.ReadKey(keys, out string key))
        {
            if (key == TensorsKey)
            {
                ReadTensors(ref cursor, tensors);
            }
            else
            {
                fields.Add(key, JsonElement.Parse(cursor.ReadWhole()));
            }
        }

        // The reader notices only here what stands behind the object.
        cursor.Read();
        return new JsonMessage(tensors, fields);
    }

    private static void ReadTensors(ref JsonCursor cursor, Dictionary<string, Tensor> tensors)
    {
        cursor.Read(JsonTokenType.StartObject, $"'{TensorsKey}'");
        var keys = new HashSet<string>();
        while (cursor.ReadKey(keys, out string name))
        {
            MessageLimits.Check(name, tensors.Count, cursor.Offset);
            cursor.Read();
            tensors.Add(name, cursor.Token == JsonTokenType.StartObject ? ReadObject(ref cursor, name) : ReadNested(ref cursor, name));
        }
    }

    private static Tensor ReadNested(ref JsonCursor cursor, string name)
    {
        JsonCursor begin = cursor;
        JsonNesting nesting = JsonNestingScan.Scan(ref cursor, name);
        if (nesting.Type == ElementType.Str)
        {
            return Tensor.Of(nesting.Shape, JsonKeys.Read(begin, name, nesting));
        }

        Tensor tensor = JsonElements.Read(begin, name, nesting.Type, nesting.Shape);
        return nesting.IsAllStrings ? new Tensor(tensor.Type, tensor.Shape, tensor.Data) { Keys = JsonKeys.Read(begin, name, nesting) } : tensor;
    }

    private static Tensor ReadObject(ref JsonCursor cursor, string name)
    {
        long offset = cursor.Offset;
        ElementType? type = null;
        long[]? sizes = null;
        JsonNesting? data = null;
        JsonCursor dataBegin = default;

        var keys = new HashSet<string>();
        while (cursor.ReadKey(keys, out string key))
        {
            switch (key)
            {
                case "dtype": type = JsonTensorFields.ReadType(ref cursor, name, withKeys: true); break;
                case "shape": sizes = JsonTensorFields.ReadSizes(ref cursor, name); break;
                case "data":
                    // What the data means may stand behind it: count now, read later.
                    cursor.Read(JsonTokenType.StartArray, $"data of tensor '{name}'");
                    dataBegin = cursor;
                    data = JsonNestingScan.Scan(ref cursor, name);
                    break;
                default: throw Malformed.At(cursor.Offset, $"Tensor '{name}' has the key '{key}'; allowed are dtype, shape, data.");
            }
        }

        if (type is null || sizes is null || data is null)
        {
            throw Malformed.At(offset, $"Tensor '{name}' must have dtype, shape and data.");
        }

        TensorShape shape = JsonTensorFields.ToShape(sizes, name, offset);
        CheckData(dataBegin, name, shape, data.Shape);
        return type == ElementType.Str ? Tensor.Of(shape, JsonKeys.Read(dataBegin, name, data)) : JsonElements.Read(dataBegin, name, type.Value, shape);
    }

    private static void CheckData(JsonCursor begin, string name, TensorShape shape, TensorShape data)
    {
        if (data.Rank != 1)
        {
            throw Malformed.At(begin.Offset, $"data of tensor '{name}' must be one flat list; it is nested {data.Rank} deep.");
        }

        if (data.ElementCount != shape.ElementCount)
        {
            throw Malformed.At(begin.Offset, $"Tensor '{name}' of shape {shape} takes {shape.ElementCount} elements; data has {data.ElementCount}.");
        }
    }
}
