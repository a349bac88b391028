using System.Globalization;

namespace EmbedStore.Load;

/// <summary>One line of the table of results.</summary>
/// <param name="Figure">What is compared, over what.</param>
/// <param name="Ours">Median of this repository's contender, with its unit.</param>
/// <param name="Theirs">Median of what it is compared with, with its unit.</param>
/// <param name="Ratio">Of the two medians; NaN when there is none.</param>
/// <param name="Spread">Lowest and highest ratio of a round.</param>
/// <param name="Goal">What the ratio is to reach, or null.</param>
internal sealed record Line(string Figure, string Ours, string Theirs, double Ratio, string Spread, Goal? Goal)
{
    private const string None = "–";

    /// <summary>Two contenders of one workload.</summary>
    /// <param name="unit">How their numbers are written.</param>
    /// <param name="number">Which of their numbers.</param>
    public static Line Of(string figure, Rounds rounds, string ours, string theirs, Unit unit, Goal? goal, int number = 0)
    {
        double[] ratios = rounds.Ratios(ours, theirs, number);
        (double mine, double other) = (rounds.Median(ours, number), rounds.Median(theirs, number));
        return new Line(figure, unit.Write(mine), unit.Write(other), mine / other, Between(ratios.Min(), ratios.Max()), goal);
    }

    /// <summary>Two numbers that were taken once.</summary>
    public static Line Once(string figure, double ours, double theirs, Unit unit, Goal? goal) =>
        new(figure, unit.Write(ours), unit.Write(theirs), ours / theirs, "once", goal);

    /// <summary>A figure that could not be taken.</summary>
    public static Line NotRun(string figure, string reason, Goal? goal) => new(figure, None, $"not run: {reason}", double.NaN, None, goal);

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"| {Figure} | {Ours} | {Theirs} | {Number(Ratio)} | {Spread} | {Goal?.ToString() ?? None} | {Verdict} |");

    private string Verdict => double.IsNaN(Ratio) ? "not run" : Goal is null ? None : Goal.IsReached(Ratio) ? "yes" : "**no**";

    private static string Between(double low, double high) => $"{Number(low)} to {Number(high)}";

    private static string Number(double ratio) => double.IsNaN(ratio) ? None : ratio.ToString(ratio < 10 ? "0.00" : "0.0", CultureInfo.InvariantCulture);
}
