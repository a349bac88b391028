namespace EmbedStore.Tensors;

/// <summary>The strings that stand for floats without digits.</summary>
internal static class JsonNonFinite
{
    public const string NaN = "NaN";
    public const string PositiveInfinity = "Infinity";
    public const string NegativeInfinity = "-Infinity";

    /// <summary>Reads the current string.</summary>
    public static bool TryParse(scoped in JsonCursor cursor, out float value)
    {
        value = cursor.StringEquals("Infinity"u8) ? float.PositiveInfinity : cursor.StringEquals("-Infinity"u8) ? float.NegativeInfinity : float.NaN;
        return !float.IsNaN(value) || cursor.StringEquals("NaN"u8);
    }

    /// <summary>The string for a value that is not finite.</summary>
    public static string Of(double value) => double.IsNaN(value) ? NaN : value > 0 ? PositiveInfinity : NegativeInfinity;
}
