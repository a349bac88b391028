using System.Globalization;

namespace EmbedStore.Load;

/// <summary>What a ratio is to reach.</summary>
/// <param name="Value">The bound; it counts as reached.</param>
/// <param name="IsUpper">The ratio is at most the bound; else at least.</param>
internal sealed record Goal(double Value, bool IsUpper)
{
    public static Goal AtLeast(double value) => new(value, false);

    public static Goal AtMost(double value) => new(value, true);

    public bool IsReached(double ratio) => IsUpper ? ratio <= Value : ratio >= Value;

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{(IsUpper ? "≤" : "≥")} {Value:0.0#}");
}
