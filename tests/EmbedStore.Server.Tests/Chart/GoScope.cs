using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace EmbedStore.Server.Tests.Chart;

/// <summary>What the words of a template mean at one place.</summary>
/// <param name="Dot">The value of <c>.</c></param>
/// <param name="Variables">By name, with the <c>$</c>.</param>
/// <param name="Include">Renders a defined template.</param>
internal sealed partial record GoScope(object? Dot, Map Variables, Func<string, object?, string> Include)
{
    public static bool IsTrue(object? value) => value is not (null or false or "" or 0L or Map { Count: 0 } or List<object?> { Count: 0 });

    public static string Print(object? value) => value switch
    {
        bool truth => truth ? "true" : "false",
        string or long => Convert.ToString(value, CultureInfo.InvariantCulture)!,
        _ => throw new InvalidDataException($"'{value}' cannot be written."),
    };

    /// <summary>The value of <c>a b | c d</c>, which is that of <c>c d (a b)</c>.</summary>
    public object? Evaluate(string pipeline)
    {
        var words = new Queue<string>(Word().Matches(pipeline).Select(static match => match.Value));
        object? value = Pipeline(words);
        return words.Count == 0 ? value : throw new InvalidDataException($"'{words.Peek()}' is too much in '{pipeline}'.");
    }

    private object? Pipeline(Queue<string> words)
    {
        object? value = Command(words, []);
        while (words.TryPeek(out string? word) && word == "|")
        {
            words.Dequeue();
            value = Command(words, [value]);
        }

        return value;
    }

    private object? Command(Queue<string> words, object?[] last)
    {
        string first = words.Peek();
        if (!char.IsAsciiLetter(first[0]))
        {
            return Operand(words);
        }

        words.Dequeue();
        var arguments = new List<object?>();
        while (words.TryPeek(out string? word) && word is not ("|" or ")"))
        {
            arguments.Add(Operand(words));
        }

        return Call(first, [.. arguments, .. last]);
    }

    private object? Operand(Queue<string> words)
    {
        string word = words.Dequeue();
        switch (word[0])
        {
            case '(':
                object? value = Pipeline(words);
                return words.Dequeue() == ")" ? value : throw new InvalidDataException("A ')' is missing.");
            case '"':
                return JsonSerializer.Deserialize<string>(word);
            case '.':
                return word == "." ? Dot : ((Map)Dot!).At(word[1..]);
            case '$':
                return Variables.At(word);
            default:
                return long.Parse(word, CultureInfo.InvariantCulture);
        }
    }

    private object? Call(string function, object?[] arguments) => (function, arguments) switch
    {
        ("include", [string name, var dot]) => Include(name, dot),
        ("nindent", [long count, string text]) => "\n" + Indent((int)count, text),
        ("toYaml", [var value]) => Yaml.Write(value),
        ("quote", [var value]) => JsonSerializer.Serialize(Print(value)),
        ("default", [var other, var value]) => IsTrue(value) ? value : other,
        ("not", [var value]) => !IsTrue(value),
        ("eq", [var left, var right]) => Equals(left, right),
        ("contains", [string part, string text]) => text.Contains(part, StringComparison.Ordinal),
        ("trunc", [long length, string text]) => text[..(int)Math.Min(length, text.Length)],
        ("trimSuffix", [string end, string text]) => text.EndsWith(end, StringComparison.Ordinal) ? text[..^end.Length] : text,
        ("printf", [string format, string value]) => format.Replace("%s", value, StringComparison.Ordinal),
        _ => throw new InvalidDataException($"'{function}' with {arguments.Length} arguments is not known."),
    };

    private static string Indent(int count, string text)
    {
        string space = new(' ', count);
        return space + text.Replace("\n", "\n" + space, StringComparison.Ordinal);
    }

    [GeneratedRegex("""
        "(?:[^"\\]|\\.)*"|[()|]|[^\s()|"]+
        """)]
    private static partial Regex Word();
}
