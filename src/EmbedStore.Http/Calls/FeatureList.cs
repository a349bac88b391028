using System.Text.Json;
using EmbedStore.Tensors;

namespace EmbedStore.Http;

/// <summary>One entry of the field <c>features</c>: what it does, and to which table. Its tensors are named <c>name.tensor</c>.</summary>
/// <param name="Path">Where it stands, for errors: <c>features[0]</c>.</param>
/// <param name="Name">Distinct.</param>
/// <param name="Table">A table's name.</param>
/// <param name="Fields">All fields as text.</param>
/// <param name="Tensors">Its tensors, without the prefix.</param>
internal sealed record Feature(string Path, string Name, string Table, IReadOnlyDictionary<string, string> Fields, Dictionary<string, Tensor> Tensors)
{
    public EmbedStoreException Invalid(string field, string rule) => RequestParameters.Invalid($"{Path}.{field}", rule);
}

/// <summary>Reads the field <c>features</c> of a call over many tables, and shares the tensors out.</summary>
internal static class FeatureList
{
    /// <summary>Most features of one call.</summary>
    public const int CountMax = 4096;

    private const string Parameter = "features";

    /// <exception cref="EmbedStoreException">InvalidParameter, UnknownParameter, UnknownTensor.</exception>
    public static IReadOnlyList<Feature> Read(DataRequest request, params string[] fields)
    {
        List<Feature> features = Parse(request.Parameters.Text(Parameter, ""), fields);
        foreach ((string name, Tensor tensor) in request.Tensors)
        {
            // The longest name that fits: "user.history.ids" belongs to "user.history" where there is one.
            Feature? owner = features.Where(feature => name.StartsWith(feature.Name + ".", StringComparison.Ordinal)).MaxBy(static feature => feature.Name.Length);
            if (owner is null)
            {
                throw new EmbedStoreException(ErrorCode.UnknownTensor, $"Tensor '{name}' belongs to no feature.", new Fact("tensor", name));
            }

            owner.Tensors[name[(owner.Name.Length + 1)..]] = tensor;
        }

        return features;
    }

    private static List<Feature> Parse(string text, string[] fields)
    {
        try
        {
            return Parse(JsonElement.Parse(text.Length == 0 ? "null" : text), fields);
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            // The second: a string that is no text, such as half a surrogate pair.
            throw RequestParameters.Invalid(Parameter, "is a list of objects in JSON");
        }
    }

    private static List<Feature> Parse(JsonElement list, string[] fields)
    {
        if (list.ValueKind != JsonValueKind.Array || list.GetArrayLength() is 0 or > CountMax)
        {
            throw RequestParameters.Invalid(Parameter, $"is a list of 1 to {CountMax} objects");
        }

        var features = list.EnumerateArray().Select((item, i) => Parse(item, $"{Parameter}[{i}]", fields)).ToList();
        string? twice = features.GroupBy(static feature => feature.Name).FirstOrDefault(static group => group.Count() > 1)?.Key;
        return twice is null ? features : throw RequestParameters.Invalid(Parameter, $"names each feature once; \"{twice}\" comes twice");
    }

    private static Feature Parse(JsonElement item, string path, string[] fields)
    {
        if (item.ValueKind != JsonValueKind.Object)
        {
            throw RequestParameters.Invalid(path, "is an object");
        }

        var values = new Dictionary<string, string>();
        foreach (JsonProperty field in item.EnumerateObject())
        {
            if (!fields.Contains(field.Name))
            {
                throw new EmbedStoreException(
                    ErrorCode.UnknownParameter, $"There is no field \"{path}.{field.Name}\"; there are {string.Join(", ", fields)}.", new Fact("parameter", $"{path}.{field.Name}"));
            }

            values[field.Name] = field.Value.ValueKind == JsonValueKind.String ? field.Value.GetString()! : field.Value.GetRawText();
        }

        return new Feature(path, Required(values, "name", path), Required(values, "table", path), values, []);
    }

    private static string Required(Dictionary<string, string> values, string field, string path) =>
        values.TryGetValue(field, out string? value) && value.Length > 0 ? value : throw RequestParameters.Invalid($"{path}.{field}", "is needed");
}
