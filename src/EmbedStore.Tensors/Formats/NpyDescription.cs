using System.Globalization;

namespace EmbedStore.Tensors;

/// <summary>The <c>descr</c> strings of npy that this store speaks.</summary>
/// <remarks>BF16 has none of its own: ml_dtypes writes it as two opaque bytes.</remarks>
internal static class NpyDescription
{
    private const string Supported = "|b1, |i1, |u1, <i2, <i4, <i8, <f2, <f4, <f8, their big-endian forms with '>', <V2 or |V2 for BF16, and |S1 to |S65536 for keys";

    /// <summary>What is written: little-endian.</summary>
    public static string Of(ElementType type) => type switch
    {
        ElementType.F32 => "<f4",
        ElementType.F16 => "<f2",
        ElementType.BF16 => "<V2",
        ElementType.F64 => "<f8",
        ElementType.I64 => "<i8",
        ElementType.I32 => "<i4",
        ElementType.I16 => "<i2",
        ElementType.I8 => "|i1",
        ElementType.U8 => "|u1",
        ElementType.Bool => "|b1",
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "Keys are written as U8."),
    };

    /// <summary>Reads the canonical forms only: <c>=f4</c> and <c>float32</c> mean another thing on another machine, or need NumPy to mean any.</summary>
    /// <returns>Element type; whether its bytes stand most significant first; and its size. Unit: bytes.</returns>
    public static (ElementType Type, bool BigEndian, int ByteCount) Parse(string description, int offset)
    {
        if (description.StartsWith("|S", StringComparison.Ordinal))
        {
            return description.Length > 2 && description[2] != '0' && int.TryParse(description.AsSpan(2), NumberStyles.None, CultureInfo.InvariantCulture, out int byteCount) && byteCount <= RowKeys.PaddedByteCountMax
                ? (ElementType.Str, false, byteCount)
                : throw Unsupported(description, offset);
        }

        (ElementType type, bool isBigEndian) = ParseNumber(description, offset);
        return (type, isBigEndian, type.ByteCount());
    }

    private static (ElementType Type, bool BigEndian) ParseNumber(string description, int offset) => description switch
    {
        "<f4" => (ElementType.F32, false),
        ">f4" => (ElementType.F32, true),
        "<f2" => (ElementType.F16, false),
        ">f2" => (ElementType.F16, true),
        "<V2" or "|V2" => (ElementType.BF16, false),
        "<f8" => (ElementType.F64, false),
        ">f8" => (ElementType.F64, true),
        "<i8" => (ElementType.I64, false),
        ">i8" => (ElementType.I64, true),
        "<i4" => (ElementType.I32, false),
        ">i4" => (ElementType.I32, true),
        "<i2" => (ElementType.I16, false),
        ">i2" => (ElementType.I16, true),
        "|i1" => (ElementType.I8, false),
        "|u1" => (ElementType.U8, false),
        "|b1" => (ElementType.Bool, false),
        _ => throw Unsupported(description, offset),
    };

    private static EmbedStoreException Unsupported(string description, int offset) =>
        Malformed.At(offset, $"The npy descr '{description}' is not supported; supported are {Supported}.");
}
