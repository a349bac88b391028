using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace EmbedStore.Tensors;

/// <summary>Writes tensors as JSON: <c>{"dtype": "F32", "shape": [2, 3], "data": [...]}</c>, data flat and row-major.</summary>
/// <remarks>
/// Numbers have the fewest digits that read back to the same bits in their own type; F16 and BF16 those of their value as F32.
/// Values without digits are the strings <c>"NaN"</c>, <c>"Infinity"</c>, <c>"-Infinity"</c>; NaN payloads are lost.
/// </remarks>
public static class JsonTensorWriter
{
    private static readonly CultureInfo Invariant = CultureInfo.InvariantCulture;

    /// <summary>Writes the field <c>"tensors": {name: tensor, ...}</c> of a message.</summary>
    /// <param name="json">Inside an object.</param>
    /// <param name="tensors">Distinct names, in the order in which they are written.</param>
    public static void WriteTensors(Utf8JsonWriter json, IEnumerable<KeyValuePair<string, Tensor>> tensors)
    {
        json.WriteStartObject("tensors");
        foreach ((string name, Tensor tensor) in tensors)
        {
            json.WritePropertyName(name);
            Write(json, tensor);
        }

        json.WriteEndObject();
    }

    /// <summary>Writes one tensor as an object.</summary>
    /// <param name="json">Where a value may stand.</param>
    /// <param name="tensor">Any type and shape.</param>
    public static void Write(Utf8JsonWriter json, Tensor tensor)
    {
        WriteStart(json, tensor.Type, tensor.Shape);
        if (tensor.Type == ElementType.Str)
        {
            WriteKeys(json, tensor.Keys!);
        }
        else
        {
            WriteElements(json, tensor.Type, tensor.Data.Span);
        }

        WriteEnd(json);
    }

    /// <summary>Begins a tensor whose elements follow run by run, in <see cref="WriteElements"/>.</summary>
    /// <param name="json">Where a value may stand.</param>
    /// <param name="type">Element type.</param>
    /// <param name="shape">Shape.</param>
    public static void WriteStart(Utf8JsonWriter json, ElementType type, TensorShape shape)
    {
        json.WriteStartObject();
        json.WriteString("dtype", type.WireName());
        json.WriteNumbers("shape", shape.Sizes);
        json.WriteStartArray("data");
    }

    /// <summary>Ends what <see cref="WriteStart"/> began.</summary>
    public static void WriteEnd(Utf8JsonWriter json)
    {
        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>Writes a run of elements.</summary>
    /// <param name="json">After <see cref="WriteStart"/>.</param>
    /// <param name="type">Element type.</param>
    /// <param name="data">Whole elements.</param>
    public static void WriteElements(Utf8JsonWriter json, ElementType type, ReadOnlySpan<byte> data)
    {
        switch (type)
        {
            case ElementType.F32: WriteAll(json, MemoryMarshal.Cast<byte, float>(data), WriteFloat); break;
            case ElementType.F16: WriteAll(json, MemoryMarshal.Cast<byte, Half>(data), static (json, half) => WriteFloat(json, (float)half)); break;
            case ElementType.BF16: WriteAll(json, MemoryMarshal.Cast<byte, ushort>(data), static (json, bits) => WriteFloat(json, BrainFloat.ToSingle(bits))); break;
            case ElementType.F64: WriteAll(json, MemoryMarshal.Cast<byte, double>(data), WriteDouble); break;
            case ElementType.I64: WriteAll(json, MemoryMarshal.Cast<byte, long>(data), static (json, integer) => json.WriteNumberValue(integer)); break;
            case ElementType.I32: WriteAll(json, MemoryMarshal.Cast<byte, int>(data), static (json, integer) => json.WriteNumberValue(integer)); break;
            case ElementType.I16: WriteAll(json, MemoryMarshal.Cast<byte, short>(data), static (json, integer) => json.WriteNumberValue(integer)); break;
            case ElementType.I8: WriteAll(json, MemoryMarshal.Cast<byte, sbyte>(data), static (json, integer) => json.WriteNumberValue(integer)); break;
            case ElementType.U8: WriteAll(json, data, static (json, integer) => json.WriteNumberValue(integer)); break;
            default: WriteAll(json, data, static (json, boolean) => json.WriteBooleanValue(boolean != 0)); break;
        }
    }

    /// <summary>Writes a run of keys.</summary>
    /// <param name="json">After <see cref="WriteStart"/> with STR.</param>
    /// <param name="keys">In order.</param>
    public static void WriteKeys(Utf8JsonWriter json, RowKeys keys)
    {
        for (int i = 0; i < keys.Count; i++)
        {
            json.WriteStringValue(keys[i]);
        }
    }

    private static void WriteAll<T>(Utf8JsonWriter json, ReadOnlySpan<T> elements, Action<Utf8JsonWriter, T> write)
    {
        foreach (T element in elements)
        {
            write(json, element);
        }
    }

    private static void WriteFloat(Utf8JsonWriter json, float value)
    {
        if (!float.IsFinite(value))
        {
            json.WriteStringValue(JsonNonFinite.Of(value));
        }
        else if (IsPowerOfTwo(value) && float.Parse(value.ToString(Invariant), Invariant) != value)
        {
            json.WriteRawValue(value.ToString("G9", Invariant));
        }
        else
        {
            json.WriteNumberValue(value);
        }
    }

    private static void WriteDouble(Utf8JsonWriter json, double value)
    {
        if (!double.IsFinite(value))
        {
            json.WriteStringValue(JsonNonFinite.Of(value));
        }
        else if (IsPowerOfTwo(value) && double.Parse(value.ToString(Invariant), Invariant) != value)
        {
            json.WriteRawValue(value.ToString("G17", Invariant));
        }
        else
        {
            json.WriteNumberValue(value);
        }
    }

    // Below a power of two the neighbour is nearer than above. .NET overlooks that and writes 2^-25 with a digit too few, so these are tried.
    private static bool IsPowerOfTwo(float value) => (BitConverter.SingleToUInt32Bits(value) & 0x7F_FFFF) == 0;

    private static bool IsPowerOfTwo(double value) => (BitConverter.DoubleToUInt64Bits(value) & 0xF_FFFF_FFFF_FFFF) == 0;
}
