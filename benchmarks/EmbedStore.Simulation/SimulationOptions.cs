using System.Globalization;

namespace EmbedStore.Simulation;

/// <summary>The size of a simulated cluster.</summary>
/// <param name="ServerCount">At least 2.</param>
/// <param name="ShardCount">At least 1.</param>
/// <param name="ChangeCount">How many servers join and how many leave, each alone; at most as many as there are servers.</param>
internal sealed record SimulationOptions(int ServerCount, int ShardCount, int ChangeCount)
{
    public const string Usage = "usage: [--servers 1000] [--shards 1000000] [--changes 4] [--print-only]";

    /// <summary>Reads the words after the program's name, but for <c>--print-only</c>.</summary>
    /// <exception cref="FormatException">They say nothing.</exception>
    public static SimulationOptions Parse(IReadOnlyList<string> words)
    {
        var options = new SimulationOptions(1000, 1_000_000, 4);
        for (int i = 0; i < words.Count; i += 2)
        {
            int number = i + 1 < words.Count && int.TryParse(words[i + 1], NumberStyles.None, CultureInfo.InvariantCulture, out int read) ? read : 0;
            options = (words[i], number) switch
            {
                ("--servers", >= 2 and <= 100_000) => options with { ServerCount = number },
                ("--shards", >= 1 and <= 100_000_000) => options with { ShardCount = number },
                ("--changes", >= 1) => options with { ChangeCount = number },
                _ => throw new FormatException(Usage),
            };
        }

        return options.ChangeCount <= options.ServerCount ? options : throw new FormatException(Usage);
    }
}
