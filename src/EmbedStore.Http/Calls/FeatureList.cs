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

    /// <inheritdoc cref="RequestParameters.Choice"/>
    public T? Choice<T>(string field, string? alsoAllowed = null)
        where T : struct, Enum => Fields.TryGetValue(field, out string? text) ? RequestParameters.ChoiceOf<T>(text, $"{Path}.{field}", alsoAllowed) : null;

    public ElementType? Type(string field) => Fields.TryGetValue(field, out string? text) ? RequestParameters.TypeOf(text, $"{Path}.{field}") : null;

    public long? Integer(string field) => Fields.TryGetValue(field, out string? text) ? RequestParameters.IntegerOf(text, $"{Path}.{field}") : null;

    public double? Number(string field) => Fields.TryGetValue(field, out string? text) ? RequestParameters.NumberOf(text, $"{Path}.{field}") : null;

    public bool Flag(string field) => Fields.TryGetValue(field, out string? text) && RequestParameters.FlagOf(text, $"{Path}.{field}");
}

/// <summary>Reads the field <c>features</c> of a call over many tables, and shares the tensors out.</summary>
internal static class FeatureList
{
    /// <summary>Most features of one call.</summary>
    public const int CountMax = 4096;

    private const string Parameter = "features";
    private const string TableField = "table";

    /// <summary>The features with their tensors.</summary>
    /// <exception cref="EmbedStoreException">InvalidParameter, UnknownParameter, ConflictingParameters, UnknownTensor.</exception>
    public static IReadOnlyList<Feature> Read(DataRequest request, params string[] fields)
    {
        IReadOnlyList<Feature> features = Parse(request, CountMax, fields);
        Share(request.Tensors, features);
        return features;
    }

    /// <summary>Refuses tables that the caller's key is not for, before anything else about the features is looked at.</summary>
    /// <exception cref="EmbedStoreException">Forbidden.</exception>
    public static void RequireAccess(DataRequest request, Grant grant)
    {
        if (grant.Tables.IsAll)
        {
            return;
        }

        try
        {
            foreach (string table in TablesOf(JsonElement.Parse(request.Parameters.Text(Parameter, "null"))))
            {
                grant.RequireTable(table);
            }
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            // No list of features, as whoever reads it next will say.
        }
    }

    /// <summary>Gives each tensor to the feature that its name begins with.</summary>
    /// <exception cref="EmbedStoreException">UnknownTensor.</exception>
    public static void Share(IReadOnlyDictionary<string, Tensor> tensors, IReadOnlyList<Feature> features)
    {
        Dictionary<string, Feature> byName = features.ToDictionary(static feature => feature.Name, StringComparer.Ordinal);
        foreach ((string name, Tensor tensor) in tensors)
        {
            // The longest name that fits: "user.history.ids" belongs to "user.history" where there is one.
            int dot = name.LastIndexOf('.');
            Feature? owner = null;
            while (dot > 0 && !byName.TryGetValue(name[..dot], out owner))
            {
                dot = name.LastIndexOf('.', dot - 1);
            }

            if (owner is null)
            {
                throw new EmbedStoreException(ErrorCode.UnknownTensor, $"Tensor '{name}' belongs to no feature.", new Fact("tensor", name));
            }

            owner.Tensors[name[(dot + 1)..]] = tensor;
        }
    }

    /// <summary>The features, without tensors yet.</summary>
    /// <exception cref="EmbedStoreException">InvalidParameter, UnknownParameter, ConflictingParameters.</exception>
    public static IReadOnlyList<Feature> Parse(DataRequest request, int countMax, params string[] fields)
    {
        string text = request.Parameters.Text(Parameter, "");
        try
        {
            return Parse(JsonElement.Parse(text.Length == 0 ? "null" : text), countMax, fields);
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            // The second: a string that is no text, such as half a surrogate pair.
            throw RequestParameters.Invalid(Parameter, "is a list of objects in JSON");
        }
    }

    /// <summary>Whatever could be read as a table's name.</summary>
    private static IEnumerable<string> TablesOf(JsonElement list) =>
        from item in list.EnumerateArray()
        where item.ValueKind == JsonValueKind.Object
        from field in item.EnumerateObject()
        where field.Name == TableField && field.Value.ValueKind != JsonValueKind.Null
        select TextOf(field.Value);

    private static string TextOf(JsonElement value) => value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText();

    private static List<Feature> Parse(JsonElement list, int countMax, string[] fields)
    {
        if (list.ValueKind != JsonValueKind.Array || list.GetArrayLength() == 0 || list.GetArrayLength() > countMax)
        {
            throw RequestParameters.Invalid(Parameter, $"is a list of 1 to {countMax} objects");
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

            string text = TextOf(field.Value);
            if (field.Value.ValueKind != JsonValueKind.Null && !values.TryAdd(field.Name, text) && values[field.Name] != text)
            {
                throw new EmbedStoreException(
                    ErrorCode.ConflictingParameters, $"'{path}.{field.Name}' was given twice with different values.", new Fact("parameter", $"{path}.{field.Name}"));
            }
        }

        return new Feature(path, Required(values, "name", path), Required(values, TableField, path), values, []);
    }

    private static string Required(Dictionary<string, string> values, string field, string path) =>
        values.TryGetValue(field, out string? value) && value.Length > 0 ? value : throw RequestParameters.Invalid($"{path}.{field}", "is needed");
}
