namespace EmbedStore.Http;

/// <summary>The words after the program's name.</summary>
/// <param name="Command">The first word, or null when there is none.</param>
/// <param name="Help">Print the usage and end.</param>
/// <param name="Version">Print the version and end.</param>
/// <param name="ConfigFile">File of settings, or null.</param>
/// <param name="StopAtEndOfInput">Stop when standard input ends, so that a server never outlives the program that started it.</param>
/// <param name="Server">Address of a server that runs already, or null.</param>
/// <param name="Key">What to show that server, or null.</param>
/// <param name="Name">Of the key to make; null when the command makes none.</param>
/// <param name="Role">What that key may do, or null.</param>
/// <param name="Tables">What it is for, or null.</param>
/// <param name="FromInput">Standard input has that key.</param>
/// <param name="Settings">Settings by name; names are not checked yet.</param>
public sealed record CommandLine(
    string? Command,
    bool Help,
    bool Version,
    string? ConfigFile,
    bool StopAtEndOfInput,
    Uri? Server,
    string? Key,
    string? Name,
    string? Role,
    string? Tables,
    bool FromInput,
    IReadOnlyDictionary<string, string?> Settings)
{
    private const string ConfigOption = "--config";
    private const string StopOption = "--stop-at-end-of-input";
    private const string ServerOption = "--server";
    private const string KeyOption = "--key";
    private const string RoleOption = "--role";
    private const string TablesOption = "--tables";
    private const string InputOption = "--stdin";

    private static readonly string[] Options = ["--help", "--version", ConfigOption, StopOption, ServerOption, KeyOption, RoleOption, TablesOption, InputOption];

    /// <summary>Reads the words.</summary>
    /// <param name="words">As the system hands them over, without the program's name.</param>
    /// <param name="commands">The commands that the program has.</param>
    /// <exception cref="StartException">A word is no command and no option, or an option lacks its value.</exception>
    public static CommandLine Parse(IReadOnlyList<string> words, params IReadOnlyList<string> commands)
    {
        var line = new CommandLine(null, false, false, null, false, null, null, null, null, null, false, new Dictionary<string, string?>());
        var settings = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
        for (int i = 0; i < words.Count; i++)
        {
            line = words[i] switch
            {
                "--help" or "-h" or "-?" => line with { Help = true },
                "--version" => line with { Version = true },
                StopOption => line with { StopAtEndOfInput = true },
                ServerOption => line with { Server = ReadAddress(ValueAfter(words, ref i)) },
                KeyOption => line with { Key = ValueAfter(words, ref i) },
                RoleOption => line with { Role = ValueAfter(words, ref i) },
                TablesOption => line with { Tables = ValueAfter(words, ref i) },
                InputOption => line with { FromInput = true },
                ConfigOption => line with { ConfigFile = ValueAfter(words, ref i) },
                ['-', '-', ..] => ReadSetting(line, settings, words, ref i),
                _ when line is { Command: KeyCommand.Word, Name: null } => line with { Name = words[i] },
                _ => line with { Command = ReadCommand(line.Command, words[i], commands) },
            };
        }

        if (line.Command != KeyCommand.Word && (line.Role is not null || line.Tables is not null || line.FromInput))
        {
            throw new StartException($"{RoleOption}, {TablesOption} and {InputOption} go with the command {KeyCommand.Word}.");
        }

        if (line.Server is null && line.Key is not null)
        {
            throw new StartException($"{KeyOption} goes with {ServerOption}: it is shown to a server that runs already.");
        }

        return line with { Settings = settings };
    }

    private static CommandLine ReadSetting(CommandLine line, Dictionary<string, string?> settings, IReadOnlyList<string> words, ref int i)
    {
        string[] parts = words[i][2..].Split('=', 2);
        if (parts[0].Equals("config", StringComparison.Ordinal))
        {
            return line with { ConfigFile = parts[1] };
        }

        if (parts.Length == 2 && Options.Contains("--" + parts[0]))
        {
            throw new StartException($"--{parts[0]} has its value after a space, not after '='.");
        }

        if (!SettingsSources.IsKnownRoot(parts[0]))
        {
            string nearest = NearestName.Of("--" + parts[0], [.. Options, .. Setting.All.Select(setting => "--" + setting.Key)]);
            throw new StartException($"--{parts[0]} is not an option. Did you mean {nearest}?");
        }

        settings[parts[0]] = parts.Length == 2 ? parts[1] : ValueAfter(words, ref i);
        return line;
    }

    private static Uri ReadAddress(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out Uri? address) && address.Scheme is "http" or "https"
            ? address
            : throw new StartException($"{ServerOption} must be an address such as http://127.0.0.1:7700; was '{text}'.");

    private static string ValueAfter(IReadOnlyList<string> words, ref int i) =>
        i + 1 < words.Count && !words[i + 1].StartsWith("--", StringComparison.Ordinal)
            ? words[++i]
            : throw new StartException($"{words[i]} needs a value after it.");

    private static string ReadCommand(string? command, string word, IReadOnlyList<string> commands)
    {
        if (command is not null)
        {
            throw new StartException($"'{word}' is one word too many: there is one command at a time, and '{command}' came first.");
        }

        return commands.Contains(word) ? word : throw new StartException($"'{word}' is not a command. Did you mean {NearestName.Of(word, commands)}?");
    }
}
