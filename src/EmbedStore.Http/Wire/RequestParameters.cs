using System.Globalization;
using System.Text.Json;
using EmbedStore.Serving;
using EmbedStore.Tensors;
using Microsoft.AspNetCore.Http;

namespace EmbedStore.Http;

/// <summary>The parameters of a call, from the query string and from the body's fields, as text.</summary>
/// <remarks>Reading refuses in the order of API section 5: an unknown name, then a conflict; a value that is not allowed when it is asked for.</remarks>
internal sealed class RequestParameters
{
    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);
    private string? _conflict;

    /// <summary>Takes the query string.</summary>
    public RequestParameters(IQueryCollection query)
    {
        foreach ((string name, var values) in query)
        {
            foreach (string? value in values)
            {
                Add(name, value ?? "");
            }
        }
    }

    /// <summary>Takes one parameter more.</summary>
    public void Add(string name, string value)
    {
        if (!_values.TryAdd(name, value) && _values[name] != value)
        {
            _conflict ??= name;
        }
    }

    /// <summary>Takes a field of a JSON body; null is as good as absent.</summary>
    public void Add(string name, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Null:
                break;
            case JsonValueKind.String:
                Add(name, value.GetString()!);
                break;
            case JsonValueKind.Array when value.EnumerateArray().Any(static item => item.ValueKind == JsonValueKind.Object):
                Add(name, value.GetRawText());
                break;
            case JsonValueKind.Array:
                Add(name, string.Join(',', value.EnumerateArray().Select(static item => item.ToString())));
                break;
            case JsonValueKind.True:
            case JsonValueKind.False:
                Add(name, value.GetBoolean() ? "true" : "false");
                break;
            default:
                Add(name, value.GetRawText());
                break;
        }
    }

    /// <summary>Refuses parameters that the call does not have, and those that came twice with different values.</summary>
    /// <exception cref="EmbedStoreException"><see cref="ErrorCode.UnknownParameter"/>, <see cref="ErrorCode.ConflictingParameters"/>.</exception>
    public void RequireKnown(params ReadOnlySpan<string> known)
    {
        foreach (string name in _values.Keys)
        {
            if (!known.Contains(name))
            {
                string takes = known.Length == 0 ? "no parameters" : string.Join(", ", known.ToArray());
                throw new EmbedStoreException(ErrorCode.UnknownParameter, $"There is no parameter '{name}'; this call takes {takes}.", new Fact("parameter", name));
            }
        }

        if (_conflict is not null)
        {
            throw new EmbedStoreException(ErrorCode.ConflictingParameters, $"'{_conflict}' was given twice with different values.", new Fact("parameter", _conflict));
        }
    }

    public string Text(string name, string orElse) => _values.GetValueOrDefault(name, orElse);

    /// <summary>A learning rate, checked; null stays null.</summary>
    /// <exception cref="EmbedStoreException"><see cref="ErrorCode.InvalidParameter"/>.</exception>
    public static double? RateOf(double? rate, string path) => rate is null || LearningRate.IsOne(rate.Value)
        ? rate
        : throw Invalid(path, FormattableString.Invariant($"is finite and at least 0; was {rate}"));

    /// <summary>A boolean; false when it is absent.</summary>
    public bool Flag(string name) => FlagOf(Text(name, "false"), name);

    public long? Integer(string name) => _values.TryGetValue(name, out string? text) ? IntegerOf(text, name) : null;

    /// <summary>An integer of a range, both ends included.</summary>
    public long? Integer(string name, long min, long max) => Integer(name) is not { } value ? null
        : value >= min && value <= max ? value
        : throw Invalid(name, FormattableString.Invariant($"is in [{min}, {max}]; was {value}"));

    public double? Number(string name) => _values.TryGetValue(name, out string? text) ? NumberOf(text, name) : null;

    /// <summary>A member of an enumeration by its snake_case name.</summary>
    public T? Choice<T>(string name)
        where T : struct, Enum => _values.TryGetValue(name, out string? text) ? ChoiceOf<T>(text, name) : null;

    public ElementType? Type(string name) => _values.TryGetValue(name, out string? text) ? TypeOf(text, name) : null;

    public Dialect Dialect() => DialectOf(Text("dialect", "pytorch"), "dialect");

    public static bool FlagOf(string text, string path) => text switch
    {
        "true" or "True" or "1" => true,
        "false" or "False" or "0" => false,
        _ => throw Invalid(path, $"is true or false; was '{text}'"),
    };

    public static long IntegerOf(string text, string path) => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long value)
        ? value
        : throw Invalid(path, $"is an integer; was '{text}'");

    public static double NumberOf(string text, string path) => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value)
        ? value
        : throw Invalid(path, $"is a number; was '{text}'");

    public static ElementType TypeOf(string text, string path) => ElementTypes.TryParse(text, out ElementType type)
        ? type
        : throw Invalid(path, $"is one of {string.Join(", ", ElementTypes.Names)}; was '{text}'");

    /// <summary>A member of an enumeration by its snake_case name.</summary>
    /// <param name="text">As sent.</param>
    /// <param name="path">Where it stands, for the error.</param>
    /// <param name="alsoAllowed">What the caller looked for before, for the error.</param>
    public static T ChoiceOf<T>(string text, string path, string? alsoAllowed = null)
        where T : struct, Enum
    {
        foreach (T value in Enum.GetValues<T>())
        {
            if (NameOf(value) == text)
            {
                return value;
            }
        }

        IEnumerable<string> names = Enum.GetValues<T>().Select(NameOf);
        throw Invalid(path, $"is one of {string.Join(", ", alsoAllowed is null ? names : names.Prepend(alsoAllowed))}; was '{text}'");
    }

    /// <summary>Reads a dialect's name.</summary>
    /// <param name="text">As sent.</param>
    /// <param name="path">Where it stands, for the error.</param>
    public static Dialect DialectOf(string text, string path) => text switch
    {
        "pytorch" or "torch" => Tensors.Dialect.PyTorch,
        "numpy" => Tensors.Dialect.NumPy,
        _ => throw Invalid(path, $"is pytorch or numpy; was '{text}'"),
    };

    /// <summary>A list of integers such as <c>0,3,1,2</c>; null when it was not given.</summary>
    public int[]? Integers(string name)
    {
        if (!_values.TryGetValue(name, out string? text))
        {
            return null;
        }

        string[] parts = text.Trim('[', ']', '(', ')').Split(',', StringSplitOptions.TrimEntries);
        var integers = new int[parts.Length];
        for (int i = 0; i < parts.Length; i++)
        {
            if (!int.TryParse(parts[i], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out integers[i]))
            {
                throw Invalid(name, $"is a list of integers; was '{text}'");
            }
        }

        return integers;
    }

    public static EmbedStoreException Invalid(string name, string rule) => new(ErrorCode.InvalidParameter, $"{name} {rule}.", new Fact("parameter", name));

    private static string NameOf<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString());
}
