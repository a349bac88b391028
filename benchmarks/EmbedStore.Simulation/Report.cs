using System.Globalization;
using System.Text;
using EmbedStore.Load;

namespace EmbedStore.Simulation;

/// <summary>The outcomes with what one must know to read them, as Markdown.</summary>
internal sealed class Report
{
    private const double Goal = 1.1;

    private readonly DateTimeOffset _start = TimeProvider.System.GetUtcNow();
    private readonly StringBuilder _lines = new();

    /// <summary>Adds a line.</summary>
    public void Add(Scheme scheme, string weights, SimulationOptions options, Outcome outcome) => _lines.AppendLine(
        CultureInfo.InvariantCulture,
        $"| {scheme.Name} | {options.ServerCount:N0} | {options.ShardCount:N0} | {weights} | {Judged(outcome.LoadRatioMax)} | {outcome.LoadRatioMin:0.000} | {Judged(outcome.MovedRatio)} | {outcome.MovedRatioMax:0.000} | {outcome.TableRatio:0.0%} | {outcome.DecisionMicroseconds:0.00} µs |");

    /// <summary>All of it.</summary>
    public string Write() => string.Create(CultureInfo.InvariantCulture, $"""
        # Placement simulated on {_start:yyyy-MM-dd HH:mm} UTC, commit {Machine.Commit(Machine.Repository())}

        {Machine.Processor}, {Machine.Memory} · {Machine.System}

        | scheme | servers | shards | weights | load max / mean | min / mean | moved by a server × n | most of any | moved by a table | a decision |
        |---|---|---|---|---|---|---|---|---|---|
        {_lines.ToString().TrimEnd()}

        To reach: load max / mean and moved × n at most {Goal:0.0}; what is not reached is bold. "Moved by a server" is the mean over servers that leave, each alone, or come back, over the part
        of that server: 1 is what must move. "Moved by a table" is the part of the old shards that move when a table of {Simulation.NewTableShardCount} shards is made. Unequal weights lie between 0.5 and 2, and a load is over
        the server's part by weight. Tables have 1 to 1,024 shards. "A decision" is on one core; `bounded` makes all at once, and this is one's part.

        """);

    /// <summary>Writes the file beside those of the comparison.</summary>
    /// <returns>Its path in the repository.</returns>
    public string Save(string text)
    {
        string name = Path.Combine("benchmarks", "results", string.Create(CultureInfo.InvariantCulture, $"{_start:yyyy-MM-dd}-placement.md"));
        File.WriteAllText(Path.Combine(Machine.Repository(), name), text);
        return name;
    }

    private static string Judged(double ratio)
    {
        string number = ratio.ToString("0.000", CultureInfo.InvariantCulture);
        return ratio <= Goal ? number : $"**{number}**";
    }
}
