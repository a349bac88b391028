using System.Text.Encodings.Web;
using System.Text.Json;

namespace EmbedStore.Http;

/// <summary>The programs' command <c>key</c>: makes a key, and the settings by which a server knows it. Nothing is stored.</summary>
public static class KeyCommand
{
    /// <summary>Its word on the command line.</summary>
    public const string Word = "key";

    private static readonly JsonSerializerOptions Readable = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Prints a new key, this once, and its settings; of a key that comes in, its settings alone.</summary>
    /// <param name="line">Name, role and tables of the key.</param>
    /// <param name="input">Has the key, when <see cref="CommandLine.FromInput"/> says so.</param>
    /// <param name="output">Gets the lines.</param>
    /// <exception cref="StartException">A server would not take these settings, or nothing that can be a key came in.</exception>
    public static int Run(CommandLine line, TextReader input, TextWriter output)
    {
        if (line.Name is null)
        {
            throw new StartException("key needs a name after it, such as key trainer --role write.");
        }

        if (line.Settings.Count > 0 || line.ConfigFile is not null)
        {
            throw new StartException("key takes no settings: it prints some.");
        }

        string key = line.FromInput ? ReadKey(input) : AccessKey.New();
        var options = new KeyOptions { Role = line.Role ?? "read", Tables = line.Tables ?? "*", Hash = KeyHash.Of(key).ToString() };
        string[] faults = [.. KeyRules.Faults(new Dictionary<string, KeyOptions> { [line.Name] = options })];
        if (faults.Length > 0)
        {
            throw new StartException(faults);
        }

        if (!line.FromInput)
        {
            output.WriteLine($"The key. It is shown this once: a server keeps only its hash.\n\n  {key}\n");
        }

        Print(line.Name, options, output);
        return 0;
    }

    private static void Print(string name, KeyOptions options, TextWriter output)
    {
        var settings = new Dictionary<string, object> { ["EmbedStore"] = new Dictionary<string, object> { ["Keys"] = new Dictionary<string, KeyOptions> { [name] = options } } };
        output.WriteLine($"""
            In a file of settings:

            {JsonSerializer.Serialize(settings, Readable)}

            Or in the environment:

              EmbedStore__Keys__{name}__Role={options.Role}
              EmbedStore__Keys__{name}__Tables={options.Tables}
              EmbedStore__Keys__{name}__Hash={options.Hash}

            Calls show the key: curl -H "Authorization: Bearer <key>" ...
            """);
    }

    private static string ReadKey(TextReader input)
    {
        string key = input.ReadLine()?.Trim() ?? "";
        return AccessKey.IsOne(key) ? key : throw new StartException(
            $"--stdin takes a key from standard input: one line of {AccessKey.LengthMin} to {AccessKey.LengthMax} letters, digits or -._~+/=. It must be as random as one that is made here.");
    }
}
