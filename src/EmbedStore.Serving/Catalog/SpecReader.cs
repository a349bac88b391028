using System.Text.Json;
using EmbedStore.Tensors;

namespace EmbedStore.Serving;

/// <summary>Reads one JSON object of a spec; a field that is absent or null takes its default, and each refusal names the field by its path.</summary>
internal sealed class SpecReader(IReadOnlyDictionary<string, JsonElement> fields, string path)
{
    public static string NameOf<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString());

    /// <summary>The field's value; null when it is absent or null.</summary>
    public JsonElement? Find(string name) =>
        fields.TryGetValue(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;

    public void RequireKnown(ReadOnlySpan<string> known)
    {
        foreach (string name in fields.Keys)
        {
            if (!known.Contains(name))
            {
                throw new EmbedStoreException(
                    ErrorCode.UnknownParameter, $"There is no field \"{path}{name}\"; there are {string.Join(", ", known.ToArray())}.", new Fact("parameter", path + name));
            }
        }
    }

    /// <summary>The members of an object.</summary>
    /// <exception cref="EmbedStoreException"><see cref="ErrorCode.ConflictingParameters"/>: a member is there twice.</exception>
    public static Dictionary<string, JsonElement> FieldsOf(JsonElement value, string path)
    {
        var fields = new Dictionary<string, JsonElement>();
        foreach (JsonProperty field in value.EnumerateObject())
        {
            if (!fields.TryAdd(field.Name, field.Value))
            {
                throw new EmbedStoreException(ErrorCode.ConflictingParameters, $"Field \"{path}{field.Name}\" is given twice.", new Fact("parameter", path + field.Name));
            }
        }

        return fields;
    }

    public SpecReader? Child(string name) => Find(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Object } value => new SpecReader(FieldsOf(value, $"{path}{name}."), $"{path}{name}."),
        _ => throw Invalid(name, "is an object"),
    };

    public string Text(string name, string orElse) => Find(name) switch
    {
        null => orElse,
        { ValueKind: JsonValueKind.String } value => value.GetString()!,
        _ => throw Invalid(name, "is a string"),
    };

    public double Number(string name, double orElse) => Find(name) switch
    {
        null => orElse,
        { ValueKind: JsonValueKind.Number } value when double.IsFinite(value.GetDouble()) => value.GetDouble(),
        _ => throw Invalid(name, "is a finite number"),
    };

    public long Integer(string name, long orElse, long min, long max)
    {
        long value = Find(name) switch
        {
            null => orElse,
            { ValueKind: JsonValueKind.Number } number when number.TryGetInt64(out long integer) => integer,
            _ => throw Invalid(name, "is an integer"),
        };
        return value >= min && value <= max ? value : throw Invalid(name, FormattableString.Invariant($"is in [{min}, {max}]; was {value}"));
    }

    /// <summary>A member of an enumeration by its snake_case name.</summary>
    public T Choice<T>(string name, T orElse)
        where T : struct, Enum
    {
        string text = Text(name, NameOf(orElse));
        foreach (T value in Enum.GetValues<T>())
        {
            if (NameOf(value) == text)
            {
                return value;
            }
        }

        throw Invalid(name, $"is one of {string.Join(", ", Enum.GetValues<T>().Select(NameOf))}; was \"{text}\"");
    }

    public EmbedStoreException Invalid(string name, string rule) =>
        new(ErrorCode.InvalidParameter, $"{path}{name} {rule}.", new Fact("parameter", path + name));
}
