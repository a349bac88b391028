using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace EmbedStore.Server.Tests.Chart;

/// <summary>YAML as plain values: maps by name, lists, strings, whole numbers, truth values and null.</summary>
internal static partial class Yaml
{
    /// <summary>Every document that is not empty. JSON is YAML too.</summary>
    public static List<object> Documents(string text)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(text));
        return [.. stream.Documents.Select(static document => Value(document.RootNode)).OfType<object>()];
    }

    /// <summary>A value as YAML in block style, as templates put it in.</summary>
    public static string Write(object? value) => value switch
    {
        Map { Count: > 0 } map => string.Join('\n', map.OrderBy(static pair => pair.Key, StringComparer.Ordinal).Select(static pair => Entry(pair.Key, pair.Value))),
        Map => "{}",
        List<object?> { Count: > 0 } list => string.Join('\n', list.Select(static item => "- " + Indented(Write(item)))),
        List<object?> => "[]",
        _ => JsonSerializer.Serialize(value),
    };

    private static string Entry(string name, object? value) => value is Map { Count: > 0 } or List<object?> { Count: > 0 }
        ? $"{name}:\n  {Indented(Write(value))}"
        : $"{name}: {Write(value)}";

    private static string Indented(string text) => text.Replace("\n", "\n  ", StringComparison.Ordinal);

    private static object? Value(YamlNode node) => node switch
    {
        YamlMappingNode map => new Map(map.Children.ToDictionary(static pair => ((YamlScalarNode)pair.Key).Value!, static pair => Value(pair.Value))),
        YamlSequenceNode list => list.Children.Select(Value).ToList(),
        YamlScalarNode { Style: ScalarStyle.Plain } scalar => Plain(scalar.Value!),
        YamlScalarNode scalar => scalar.Value,
        _ => throw new InvalidDataException($"{node.NodeType} at {node.Start} is not used here."),
    };

    private static object? Plain(string text) => text switch
    {
        "" or "~" or "null" => null,
        "true" => true,
        "false" => false,
        _ when WholeNumber().IsMatch(text) => long.Parse(text, CultureInfo.InvariantCulture),
        _ => text,
    };

    [GeneratedRegex(@"^-?\d+$")]
    private static partial Regex WholeNumber();
}
