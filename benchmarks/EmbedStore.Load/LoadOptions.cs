using System.Globalization;

namespace EmbedStore.Load;

/// <summary>What a run measures, and how long.</summary>
/// <remarks>Immutable.</remarks>
internal sealed record LoadOptions
{
    public const string Usage = """
        Measures this repository's server against Redis, memcached, RocksDB, a raw socket and a dense copy, all on this machine, in one run.

        Usage:
          EmbedStore.Load compare [options]     measure, and write a table into benchmarks/results
          EmbedStore.Load smoke [options]       the same with tiny sizes, one round, and no file: does it still work?

        Options:
          --table <rows>        rows of the tables of 64 floats, 1,000 to 8,000,000; default 1,000,000
          --growth <rows>       rows of the largest table of 16 floats, 10,000 to 100,000,000; default 30,000,000
          --rounds <n>          interleaved rounds, 1 to 1,000; default 5
          --sample <ms>         time of one measurement of one contender in one round, 1 to 60,000; default 400
          --only <names>        workloads, with commas between; default all:
        """;

    /// <summary>Rows of the tables of 64 floats.</summary>
    public long TableRowCount { get; init; } = 1_000_000;

    /// <summary>Rows of the largest table of 16 floats.</summary>
    public long GrowthRowCount { get; init; } = 30_000_000;

    /// <summary>Times that each contender is measured.</summary>
    public int RoundCount { get; init; } = 5;

    /// <summary>One measurement of one contender.</summary>
    public TimeSpan Sample { get; init; } = TimeSpan.FromMilliseconds(400);

    /// <summary>Work of each contender before it is measured: code is compiled for speed after some thousand calls, and tables come into memory.</summary>
    public TimeSpan WarmUp { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Names of workloads; empty: all.</summary>
    public IReadOnlyList<string> Only { get; init; } = [];

    /// <summary>Nothing is written but the table on standard output.</summary>
    public bool IsSmoke { get; init; }

    /// <summary>Sizes that take some seconds.</summary>
    public static LoadOptions Smoke { get; } = new()
    {
        TableRowCount = 5_000,
        GrowthRowCount = 20_000,
        RoundCount = 1,
        Sample = TimeSpan.FromMilliseconds(20),
        WarmUp = TimeSpan.Zero,
        IsSmoke = true,
    };

    /// <summary>Reads a command line.</summary>
    /// <returns>Null for a call for help.</returns>
    /// <exception cref="UsageException">It says nothing that can be done.</exception>
    public static LoadOptions? Parse(ReadOnlySpan<string> arguments, IReadOnlyCollection<string> workloads)
    {
        if (arguments.IsEmpty || arguments.Contains("--help"))
        {
            return null;
        }

        LoadOptions options = arguments[0] switch
        {
            "compare" => new LoadOptions(),
            "smoke" => Smoke,
            string other => throw new UsageException($"There is no command '{other}'."),
        };
        for (int i = 1; i < arguments.Length; i += 2)
        {
            string name = arguments[i];
            string value = i + 1 < arguments.Length ? arguments[i + 1] : throw new UsageException($"{name} needs a value.");
            options = name switch
            {
                "--table" => options with { TableRowCount = Number(name, value, 1_000, 8_000_000) },
                "--growth" => options with { GrowthRowCount = Number(name, value, 10_000, 100_000_000) },
                "--rounds" => options with { RoundCount = (int)Number(name, value, 1, 1_000) },
                "--sample" => options with { Sample = TimeSpan.FromMilliseconds(Number(name, value, 1, 60_000)) },
                "--only" => options with { Only = Names(value, workloads) },
                _ => throw new UsageException($"There is no option '{name}'."),
            };
        }

        return options;
    }

    private static long Number(string name, string text, long min, long max) =>
        long.TryParse(text, NumberStyles.AllowThousands, CultureInfo.InvariantCulture, out long number) && number >= min && number <= max
            ? number
            : throw new UsageException(string.Create(CultureInfo.InvariantCulture, $"{name} must be in [{min}, {max}]; was '{text}'."));

    private static string[] Names(string text, IReadOnlyCollection<string> workloads)
    {
        string[] names = text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return Array.Find(names, name => !workloads.Contains(name)) is { } unknown
            ? throw new UsageException($"There is no workload '{unknown}'; there are {string.Join(", ", workloads)}.")
            : names;
    }
}

/// <summary>The command line says nothing that can be done.</summary>
internal sealed class UsageException(string message) : Exception(message);
