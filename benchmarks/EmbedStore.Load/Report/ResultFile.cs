using System.Globalization;
using System.Text;

namespace EmbedStore.Load;

/// <summary>The table of results with what one must know to read it, as Markdown.</summary>
internal sealed class ResultFile(LoadOptions options)
{
    private readonly string _loadBefore = Machine.Load;
    private readonly DateTimeOffset _start = TimeProvider.System.GetUtcNow();
    private readonly List<Line> _lines = [];
    private readonly List<string> _notes = [];

    /// <summary>Adds what a workload measured.</summary>
    public void Add(IWorkload workload, IReadOnlyList<Line> lines)
    {
        _lines.AddRange(lines);
        _notes.Add($"- `{workload.Name}`: {workload.Describe(options)}");
    }

    /// <summary>All of it.</summary>
    public string Write()
    {
        string[] peers = [RedisPeer.Version() ?? "no Redis", MemcachedPeer.Version() ?? "no memcached", RocksDbNative.Version() ?? "no RocksDB"];
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"# Compared on {_start:yyyy-MM-dd HH:mm} UTC, commit {Machine.Commit(Machine.Repository())}");
        text.AppendLine();
        text.AppendLine(CultureInfo.InvariantCulture, $"{Machine.Processor}, {Machine.Memory} · {Machine.System} · {string.Join(", ", peers)}");
        text.AppendLine();
        text.AppendLine(CultureInfo.InvariantCulture, $"Load average {_loadBefore} before, {Machine.Load} after {(TimeProvider.System.GetUtcNow() - _start).TotalMinutes:0.0} minutes. {options.RoundCount} interleaved rounds of {options.Sample.TotalMilliseconds:0} ms a contender, after a warm-up of {options.WarmUp.TotalSeconds:0.#} s each; medians over the rounds, the ratio of the two medians, and the lowest and highest ratio of a round.");
        text.AppendLine();
        if (options.IsSmoke)
        {
            text.AppendLine("**A smoke run: sizes are tiny and nothing is warm. The numbers mean nothing; that they are here means that all peers answered alike.**");
            text.AppendLine();
        }

        text.AppendLine("| figure | EmbedStore | compared with | ratio | rounds | to reach | reached |");
        text.AppendLine("|---|---|---|---|---|---|---|");
        _lines.ForEach(line => text.AppendLine(line.ToString()));
        text.AppendLine();
        text.AppendJoin(Environment.NewLine, _notes).AppendLine();
        return text.ToString();
    }

    /// <summary>Writes the file beside those of earlier runs.</summary>
    /// <returns>Its path in the repository.</returns>
    public string Save(string text)
    {
        string name = Path.Combine("benchmarks", "results", string.Create(CultureInfo.InvariantCulture, $"{_start:yyyy-MM-dd-HHmm}.md"));
        string path = Path.Combine(Machine.Repository(), name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
        return name;
    }
}
