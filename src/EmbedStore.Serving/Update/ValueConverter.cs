using System.Runtime.InteropServices;
using EmbedStore.Shards;
using EmbedStore.Tensors;

namespace EmbedStore.Serving;

/// <summary>Brings the values of a write to the type that rows take.</summary>
/// <remarks>Numbers become floating point of any width; integers become other integers when every one of them fits. A fraction never becomes an integer.</remarks>
internal static class ValueConverter
{
    /// <exception cref="EmbedStoreException"><see cref="ErrorCode.UnsupportedDtype"/>: no value of this type goes into the rows.</exception>
    public static void RequireType(Tensor values, RowFormat rows)
    {
        if (!ElementConverter.CanConvert(values.Type, rows.ValueType) && !(values.Type.IsInteger() && rows.ValueType.IsInteger()))
        {
            throw new EmbedStoreException(
                ErrorCode.UnsupportedDtype, $"Values of {values.Type.WireName()} do not go into rows of {rows.ValueType.WireName()}.", new Fact("tensor", "values"));
        }
    }

    /// <exception cref="EmbedStoreException"><see cref="ErrorCode.UnsupportedDtype"/>, or <see cref="ErrorCode.InvalidParameter"/> for a number that does not fit.</exception>
    /// <param name="values">What came.</param>
    /// <param name="rows">What rows take.</param>
    /// <param name="firstRow">Where the values begin in what the caller sent: added to the first coordinate of a position.</param>
    public static Tensor Convert(Tensor values, RowFormat rows, long firstRow = 0)
    {
        ElementType type = rows.ValueType;
        RequireType(values, rows);
        Tensor converted = values.Type == type ? values : ConvertType(values, type, firstRow);
        if (rows.ScaledByRow)
        {
            RequireFinite(converted, firstRow);
        }

        return converted;
    }

    private static Tensor ConvertType(Tensor values, ElementType type, long firstRow)
    {
        var data = new byte[values.Shape.ElementCount * type.ByteCount()];
        if (ElementConverter.CanConvert(values.Type, type))
        {
            ElementConverter.Convert(values.Data.Span, values.Type, data, type);
        }
        else
        {
            RequireFits(values, type, firstRow, ElementConverter.ConvertChecked(values.Data.Span, values.Type, data, type));
        }

        return new Tensor(type, values.Shape, data);
    }

    private static void RequireFits(Tensor values, ElementType type, long firstRow, int firstBad)
    {
        if (firstBad >= 0)
        {
            throw Refuse(values.Shape, firstBad, firstRow, $"does not fit {type.WireName()}");
        }
    }

    /// <summary>A row with a scale is scaled by its largest element, so that one NaN or infinity would take all others with it.</summary>
    private static void RequireFinite(Tensor values, long firstRow)
    {
        ReadOnlySpan<float> elements = MemoryMarshal.Cast<byte, float>(values.Data.Span);
        for (int i = 0; i < elements.Length; i++)
        {
            if (!float.IsFinite(elements[i]))
            {
                throw Refuse(values.Shape, i, firstRow, "is not finite, which a row with a scale cannot hold");
            }
        }
    }

    private static EmbedStoreException Refuse(TensorShape shape, long element, long firstRow, string reason)
    {
        long[] position = shape.CoordinatesOf(element);
        if (firstRow > 0)
        {
            position[0] += firstRow;
        }

        return new EmbedStoreException(
            ErrorCode.InvalidParameter,
            $"The value at position [{string.Join(", ", position)}] {reason}.",
            new Fact("parameter", "values"),
            new Fact("position", position));
    }
}
