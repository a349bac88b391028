using System.Text.RegularExpressions;

namespace EmbedStore.Server.Tests.Chart;

/// <summary>Compares values with a schema: the few words of JSON Schema that the chart uses.</summary>
internal static class ValuesSchema
{
    private static readonly string[] Words =
    [
        "$schema", "title", "type", "properties", "required", "additionalProperties", "propertyNames", "items", "enum", "pattern", "minimum", "maximum", "minLength", "maxLength",
    ];

    /// <summary>What does not fit, one line each; empty when all does.</summary>
    public static List<string> Faults(object? value, Map schema, string at = "")
    {
        if (schema.Keys.Except(Words).FirstOrDefault() is { } word)
        {
            throw new InvalidDataException($"The schema's word '{word}' is not known.");
        }

        if (schema.GetValueOrDefault("enum") is List<object?> choices && !choices.Contains(value))
        {
            return [$"{at}: '{value}' is none of {string.Join(", ", choices)}"];
        }

        return (schema.Text("type"), value) switch
        {
            ("object", Map map) => [.. MapFaults(map, schema, at)],
            ("array", List<object?> list) => [.. list.SelectMany((item, i) => schema.Has("items") ? Faults(item, schema.Child("items"), $"{at}.{i}") : [])],
            ("string", string text) => TextFaults(text, schema, at),
            ("integer", long number) => number < schema.Number("minimum") || number > schema.Number("maximum") ? [$"{at}: {number} is out of range"] : [],
            ("boolean", bool) => [],
            (string type, _) => [$"{at}: '{value}' is no {type}"],
        };
    }

    private static IEnumerable<string> MapFaults(Map map, Map schema, string at)
    {
        foreach (string name in schema.Has("required") ? schema.Texts("required").Except(map.Keys) : [])
        {
            yield return $"{at}.{name} is missing";
        }

        foreach ((string name, object? value) in map)
        {
            bool isNamed = schema.Has($"properties.{name}");
            Map? rest = schema.GetValueOrDefault("additionalProperties") as Map;
            bool isFree = !schema.ContainsKey("additionalProperties");
            IEnumerable<string> faults =
                isNamed ? Faults(value, schema.Child($"properties.{name}"), $"{at}.{name}")
                : schema.Has("propertyNames") && !Regex.IsMatch(name, schema.Text("propertyNames.pattern")) ? [$"{at}: '{name}' is no name"]
                : rest is not null ? Faults(value, rest, $"{at}.{name}")
                : isFree ? []
                : [$"{at}.{name} is not in the schema"];
            foreach (string fault in faults)
            {
                yield return fault;
            }
        }
    }

    private static List<string> TextFaults(string text, Map schema, string at)
    {
        bool fits = (!schema.Has("pattern") || Regex.IsMatch(text, schema.Text("pattern")))
            && text.Length >= (schema.Has("minLength") ? schema.Number("minLength") : 0)
            && text.Length <= (schema.Has("maxLength") ? schema.Number("maxLength") : long.MaxValue);
        return fits ? [] : [$"{at}: '{text}' has the wrong form"];
    }
}
