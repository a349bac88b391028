using System.Diagnostics.CodeAnalysis;

namespace EmbedStore.Http;

/// <summary>Which tables a key is for: names in which <c>*</c> stands for any letters, none too.</summary>
/// <remarks>Case counts, as it does in names of tables. Thread safety: immutable.</remarks>
internal sealed class TablePatterns
{
    /// <summary>What the text must look like, for messages.</summary>
    public const string Form = "1 to 64 names of tables, separated by commas, with * for any letters";

    /// <summary>Every table.</summary>
    public static readonly TablePatterns All = new(["*"]);

    private const int CountMax = 64;
    private const int LengthMax = 128;

    private readonly string[] _patterns;

    private TablePatterns(string[] patterns)
    {
        _patterns = patterns;
        IsAll = patterns.Contains("*");
    }

    /// <summary>True when no table is left out.</summary>
    public bool IsAll { get; }

    /// <summary>Reads a list such as <c>words,user*</c>.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out TablePatterns? patterns)
    {
        string[] parts = text.Split(',', StringSplitOptions.TrimEntries);
        bool isOne = parts.Length <= CountMax && Array.TrueForAll(parts, static part => part.Length is >= 1 and <= LengthMax && part.All(static letter => letter == '*' || IsOfName(letter)));
        patterns = isOne ? new TablePatterns(parts) : null;
        return isOne;
    }

    /// <summary>Whether a table is one of them. What cannot be a table's name is none, unless all are: it could be read as another name elsewhere.</summary>
    public bool Covers(string table) => IsAll || (table.All(IsOfName) && Array.Exists(_patterns, pattern => Matches(pattern, table)));

    /// <summary>As <see cref="TryParse"/> reads it.</summary>
    public override string ToString() => string.Join(',', _patterns);

    private static bool IsOfName(char letter) => char.IsAsciiLetterOrDigit(letter) || letter is '_' or '.' or '-';

    /// <summary>Each <c>*</c> takes as little as it can; only the last one seen ever has to take more, so the time is at most the product of both lengths.</summary>
    private static bool Matches(ReadOnlySpan<char> pattern, ReadOnlySpan<char> name)
    {
        (int p, int n) = (0, 0);
        (int star, int taken) = (-1, 0);
        while (n < name.Length)
        {
            if (p < pattern.Length && pattern[p] == '*')
            {
                (star, taken) = (p++, n);
            }
            else if (p < pattern.Length && pattern[p] == name[n])
            {
                (p, n) = (p + 1, n + 1);
            }
            else if (star >= 0)
            {
                (p, n) = (star + 1, ++taken);
            }
            else
            {
                return false;
            }
        }

        return pattern[p..].TrimStart('*').IsEmpty;
    }
}
