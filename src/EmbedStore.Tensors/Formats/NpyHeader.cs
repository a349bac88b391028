using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace EmbedStore.Tensors;

/// <summary>What stands before the data of an npy file. Complete, so the data can be streamed behind it.</summary>
/// <remarks>
/// Reads versions 1.0, 2.0 and 3.0; writes 1.0. Stricter than NumPy: repeated keys and non-canonical <c>descr</c> are refused, and
/// objects and structures always. Source: NumPy's <c>numpy/lib/format.py</c> and its format text.
/// </remarks>
public sealed class NpyHeader
{
    /// <summary>Longest dictionary that is read, NumPy's own limit. Unit: bytes.</summary>
    public const int HeaderByteCountMax = 10_000;

    private const int Alignment = 64;
    private const int VersionEnd = 8;

    private NpyHeader(ElementType type, int elementByteCount, bool isBigEndian, bool isFortranOrder, TensorShape shape, int dataOffset, long dataByteCount)
    {
        Type = type;
        ElementByteCount = elementByteCount;
        IsBigEndian = isBigEndian;
        IsFortranOrder = isFortranOrder;
        Shape = shape;
        DataOffset = dataOffset;
        DataByteCount = dataByteCount;
    }

    /// <summary>Element type; <c>V2</c> is read as BF16, <c>S</c> of any width as STR.</summary>
    public ElementType Type { get; }

    /// <summary>Of STR, its width. Unit: bytes.</summary>
    public int ElementByteCount { get; }

    /// <summary>True when the bytes of each element stand most significant first.</summary>
    public bool IsBigEndian { get; }

    /// <summary>True when the first dimension varies fastest in the data.</summary>
    public bool IsFortranOrder { get; }

    /// <summary>At most <see cref="TensorShape.RankMax"/> dimensions.</summary>
    public TensorShape Shape { get; }

    /// <summary>Where the data begins. Unit: bytes from the beginning of the body.</summary>
    public int DataOffset { get; }

    /// <summary>Unit: bytes of data, to the end of the body.</summary>
    public long DataByteCount { get; }

    private static ReadOnlySpan<byte> Magic => [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y'];

    /// <summary>Parses the header out of the first bytes of a body.</summary>
    /// <param name="prefix">The body from its first byte on, as much as there is.</param>
    /// <param name="header">The header, when all of it was there.</param>
    /// <param name="byteCountNeeded">When it was not: come back with at least so many bytes.</param>
    /// <returns>False when more bytes are needed.</returns>
    /// <exception cref="EmbedStoreException">MalformedBody, with <c>offset</c>.</exception>
    public static bool TryParse(ReadOnlySpan<byte> prefix, [NotNullWhen(true)] out NpyHeader? header, out int byteCountNeeded)
    {
        header = null;
        CheckMagic(prefix);
        byteCountNeeded = VersionEnd;
        if (prefix.Length < VersionEnd)
        {
            return false;
        }

        int textOffset = VersionEnd + LengthByteCount(prefix[6], prefix[7]);
        byteCountNeeded = textOffset;
        if (prefix.Length < textOffset)
        {
            return false;
        }

        int dataOffset = textOffset + ReadLength(prefix[VersionEnd..textOffset]);
        byteCountNeeded = dataOffset;
        if (prefix.Length < dataOffset)
        {
            return false;
        }

        header = Parse(prefix[textOffset..dataOffset], textOffset, longSuffixes: prefix[6] < 3);
        return true;
    }

    /// <summary>The bytes before little-endian data in C order: version 1.0, a multiple of 64 bytes, as NumPy writes it.</summary>
    /// <exception cref="ArgumentException">The shape has more than <see cref="TensorShape.RankMax"/> dimensions.</exception>
    public static byte[] Write(ElementType type, TensorShape shape)
    {
        if (shape.Rank > TensorShape.RankMax)
        {
            throw new ArgumentException($"{shape} has more than {TensorShape.RankMax} dimensions.", nameof(shape));
        }

        string sizes = string.Join(", ", shape) + (shape.Rank == 1 ? "," : "");
        string text = $"{{'descr': '{NpyDescription.Of(type)}', 'fortran_order': False, 'shape': ({sizes}), }}";

        const int TextOffset = VersionEnd + sizeof(ushort);
        int total = (TextOffset + text.Length + 1 + Alignment - 1) / Alignment * Alignment;
        var bytes = new byte[total];
        bytes.AsSpan().Fill((byte)' ');
        Magic.CopyTo(bytes);
        bytes[6] = 1;
        bytes[7] = 0;
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(VersionEnd), (ushort)(total - TextOffset));
        Encoding.ASCII.GetBytes(text, bytes.AsSpan(TextOffset));
        bytes[^1] = (byte)'\n';
        return bytes;
    }

    private static void CheckMagic(ReadOnlySpan<byte> prefix)
    {
        int common = prefix.CommonPrefixLength(Magic);
        if (common < Math.Min(prefix.Length, Magic.Length))
        {
            throw Malformed.At(common, "An npy body must begin with 93 4E 55 4D 50 59.");
        }
    }

    private static int LengthByteCount(byte major, byte minor) => (major, minor) switch
    {
        (1, 0) => sizeof(ushort),
        (2 or 3, 0) => sizeof(uint),
        _ => throw Malformed.At(6, $"The npy version is {major}.{minor}; supported are 1.0, 2.0 and 3.0."),
    };

    private static int ReadLength(ReadOnlySpan<byte> bytes)
    {
        uint length = bytes.Length == sizeof(ushort) ? BinaryPrimitives.ReadUInt16LittleEndian(bytes) : BinaryPrimitives.ReadUInt32LittleEndian(bytes);
        return length <= HeaderByteCountMax
            ? (int)length
            : throw Malformed.At(VersionEnd, $"The npy header claims {length} bytes; at most {HeaderByteCountMax} are allowed.");
    }

    private static NpyHeader Parse(ReadOnlySpan<byte> text, int offset, bool longSuffixes)
    {
        // Versions 1 and 2 are latin-1 and 3 is UTF-8, but no key or value that is allowed here leaves ASCII.
        int foreign = text.IndexOfAnyExceptInRange((byte)0, (byte)0x7F);
        if (foreign >= 0)
        {
            throw Malformed.At(offset + foreign, $"The npy header has the byte 0x{text[foreign]:X2}; only ASCII is allowed.");
        }

        var fields = NpyFields.Parse(new PythonLiteral(text, offset, longSuffixes));
        (ElementType type, bool isBigEndian, int elementByteCount) = NpyDescription.Parse(fields.Description, fields.DescriptionOffset);
        Int128 dataByteCount = (Int128)fields.Shape.ElementCount * elementByteCount;
        int dataOffset = offset + text.Length;
        return dataByteCount <= long.MaxValue - dataOffset
            ? new NpyHeader(type, elementByteCount, isBigEndian, fields.IsFortranOrder, fields.Shape, dataOffset, (long)dataByteCount)
            : throw Malformed.At(fields.ShapeOffset, $"The npy shape {fields.Shape} takes {dataByteCount} bytes, more than a file can have.");
    }
}
