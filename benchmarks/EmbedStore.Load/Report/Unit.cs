using System.Globalization;

namespace EmbedStore.Load;

/// <summary>How a number is written.</summary>
/// <param name="Name">Behind the number.</param>
/// <param name="Scale">The number is divided by it.</param>
/// <param name="Format">Of what is left.</param>
internal sealed record Unit(string Name, double Scale, string Format)
{
    public static readonly Unit RowsPerSecond = new("M rows/s", 1e6, "0.000");
    public static readonly Unit PairsPerSecond = new("M pairs/s", 1e6, "0.0");
    public static readonly Unit Microseconds = new("µs", 1, "0");
    public static readonly Unit Cores = new("cores", 1, "0.00");
    public static readonly Unit MebiBytes = new("MiB", 1 << 20, "0.0");

    public string Write(double value) => (value / Scale).ToString(Format, CultureInfo.InvariantCulture) + " " + Name;
}
