namespace EmbedStore.Tensors;

/// <summary>Sizes, wire names and families of <see cref="ElementType"/>.</summary>
public static class ElementTypes
{
    private const string StrName = "STR";

    /// <summary>Every wire name of a type with data, in the order of API section 1.</summary>
    public static IReadOnlyList<string> Names { get; } = ["F32", "F16", "BF16", "F64", "I64", "I32", "I16", "I8", "U8", "BOOL"];

    /// <summary>Size of one element; of STR it means nothing. Unit: bytes.</summary>
    public static int ByteCount(this ElementType type) => type switch
    {
        ElementType.F64 or ElementType.I64 => 8,
        ElementType.F32 or ElementType.I32 => 4,
        ElementType.F16 or ElementType.BF16 or ElementType.I16 => 2,
        _ => 1,
    };

    /// <summary>The name in safetensors headers and JSON: <c>F32</c>, <c>BOOL</c>.</summary>
    public static string WireName(this ElementType type) => type == ElementType.Str ? StrName : Names[(int)type - 1];

    /// <summary>Reads a wire name, STR included.</summary>
    internal static bool TryParseWithKeys(ReadOnlySpan<char> name, out ElementType type)
    {
        type = ElementType.Str;
        return name.SequenceEqual(StrName) || TryParse(name, out type);
    }

    /// <summary>Reads a wire name of a type with data. Case matters, as in safetensors.</summary>
    public static bool TryParse(ReadOnlySpan<char> name, out ElementType type)
    {
        for (int i = 0; i < Names.Count; i++)
        {
            if (name.SequenceEqual(Names[i]))
            {
                type = (ElementType)(i + 1);
                return true;
            }
        }

        type = default;
        return false;
    }

    /// <summary>True for I64, I32, I16, I8 and U8: what may stand as an index.</summary>
    public static bool IsInteger(this ElementType type) => type is >= ElementType.I64 and <= ElementType.U8;

    /// <summary>True for F32, F16, BF16 and F64.</summary>
    public static bool IsFloatingPoint(this ElementType type) => type is >= ElementType.F32 and <= ElementType.F64;
}
