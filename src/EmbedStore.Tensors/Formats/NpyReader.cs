namespace EmbedStore.Tensors;

/// <summary>Reads whole npy bodies. Formats and limits: <see cref="NpyHeader"/>.</summary>
public static class NpyReader
{
    /// <summary>Checks the body and gives its tensor.</summary>
    /// <param name="body">Must outlive the tensor, unchanged: little-endian data in C order is viewed, anything else is copied.</param>
    /// <exception cref="EmbedStoreException">MalformedBody, with <c>offset</c>.</exception>
    public static Tensor Read(ReadOnlyMemory<byte> body)
    {
        if (!NpyHeader.TryParse(body.Span, out NpyHeader? header, out int needed))
        {
            throw Malformed.At(body.Length, $"The npy header needs {needed} bytes; the body has {body.Length}.");
        }

        ReadOnlyMemory<byte> data = body[header.DataOffset..];
        if (data.Length != header.DataByteCount)
        {
            throw Malformed.At(
                header.DataOffset + Math.Min(data.Length, header.DataByteCount), $"The npy data of shape {header.Shape} takes {header.DataByteCount} bytes; the body has {data.Length}.");
        }

        return header.Type == ElementType.Str ? Tensor.Of(header.Shape, Keys(header, data)) : new Tensor(header.Type, header.Shape, NpyDataOrder.ToRowMajorLittleEndian(header, data));
    }

    private static RowKeys Keys(NpyHeader header, ReadOnlyMemory<byte> data)
    {
        var keys = RowKeys.OfPadded(data, header.ElementByteCount);
        return header.IsFortranOrder && header.Shape.Rank > 1 ? keys.Pick(NpyDataOrder.RowMajorPlaces(header.Shape)) : keys;
    }
}
