using System.Text.Json;
using System.Text.Json.Nodes;

namespace EmbedStore.Http.Tests.OpenApi;

/// <summary>Compares a value with a schema of the document: the few words of JSON Schema that the document uses for structure.</summary>
/// <remarks>Stricter than JSON Schema: a property that no schema names is a fault unless <c>additionalProperties</c> allows it.</remarks>
internal static class SchemaCheck
{
    /// <summary>What does not fit, one line each; empty when all does.</summary>
    public static IReadOnlyList<string> Faults(JsonNode? value, JsonNode? schema, string at = "$")
    {
        JsonObject rules = OpenApiDocument.Object(schema);
        var faults = new List<string>();
        if (Choices(rules) is { } choices && !choices.Any(choice => Faults(value, choice, at).Count == 0))
        {
            faults.Add($"{at}: {value?.ToJsonString() ?? "null"} is none of the choices");
        }

        if (rules["const"] is { } single && !JsonNode.DeepEquals(single, value))
        {
            faults.Add($"{at} is not {single}");
        }

        if (rules["enum"] is JsonArray members && !members.Any(member => JsonNode.DeepEquals(member, value)))
        {
            faults.Add($"{at}: {value?.ToJsonString() ?? "null"} is not in {members.ToJsonString()}");
        }

        if (rules["type"] is { } type && !Types(type).Contains(TypeOf(value, Types(type))))
        {
            faults.Add($"{at}: {value?.ToJsonString() ?? "null"} is not {type.ToJsonString()}");
        }

        if (value is JsonArray list && rules["items"] is { } items)
        {
            faults.AddRange(list.SelectMany((item, i) => Faults(item, items, $"{at}[{i}]")));
        }

        faults.AddRange(value is JsonObject json && Members(rules) is { Count: > 0 } properties ? ObjectFaults(json, properties, rules, at)
            : rules["allOf"] is JsonArray all ? all.SelectMany(part => Faults(value, part, at))
            : []);
        return faults;
    }

    private static IEnumerable<string> ObjectFaults(JsonObject json, Dictionary<string, JsonNode?> properties, JsonObject rules, string at)
    {
        IEnumerable<string> missing = Required(rules).Where(name => !json.ContainsKey(name)).Select(name => $"{at}.{name} is missing");
        IEnumerable<string> wrong = json.SelectMany(member => properties.TryGetValue(member.Key, out JsonNode? schema)
            ? Faults(member.Value, schema, $"{at}.{member.Key}")
            : [$"{at}.{member.Key} is not in the schema"]);
        return missing.Concat(wrong);
    }

    /// <summary>Properties of a schema and of all that it is made of.</summary>
    private static Dictionary<string, JsonNode?> Members(JsonObject rules) => Parts(rules)
        .SelectMany(static part => part["properties"] as JsonObject ?? []).ToDictionary(static member => member.Key, static member => member.Value);

    private static IEnumerable<string> Required(JsonObject rules) => Parts(rules).SelectMany(static part => part["required"] as JsonArray ?? []).Select(static name => (string)name!);

    private static IEnumerable<JsonObject> Parts(JsonObject rules) =>
        (rules["allOf"] as JsonArray ?? []).Select(OpenApiDocument.Object).SelectMany(Parts).Prepend(rules);

    private static JsonArray? Choices(JsonObject rules) => (rules["oneOf"] ?? rules["anyOf"]) as JsonArray;

    private static string[] Types(JsonNode type) => type is JsonArray several ? several.Select(static one => (string)one!).ToArray() : [(string)type!];

    /// <summary>The type's name; an integer is a number where a number is asked for.</summary>
    private static string TypeOf(JsonNode? value, string[] asked) => value?.GetValueKind() switch
    {
        JsonValueKind.Object => "object",
        JsonValueKind.Array => "array",
        JsonValueKind.String => "string",
        JsonValueKind.True or JsonValueKind.False => "boolean",
        JsonValueKind.Number => asked.Contains("integer") && value.ToJsonString().All(static c => char.IsAsciiDigit(c) || c == '-') ? "integer" : "number",
        _ => "null",
    };
}
