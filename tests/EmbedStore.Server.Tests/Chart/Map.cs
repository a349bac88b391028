namespace EmbedStore.Server.Tests.Chart;

/// <summary>A YAML map; its values are found by a path, such as <c>spec.template.spec.containers.0.name</c>.</summary>
internal sealed class Map(IDictionary<string, object?> values) : Dictionary<string, object?>(values, StringComparer.Ordinal)
{
    /// <summary>What is there; a name that is missing is a fault.</summary>
    public object? At(string path) => path.Split('.').Aggregate((object?)this, (value, name) => value switch
    {
        Map map => map.TryGetValue(name, out object? child) ? child : throw new KeyNotFoundException($"{path}: there is no '{name}'."),
        List<object?> list => list[int.Parse(name, System.Globalization.CultureInfo.InvariantCulture)],
        _ => throw new KeyNotFoundException($"{path}: '{name}' is looked for in '{value}'."),
    });

    public string Text(string path) => (string)At(path)!;

    public long Number(string path) => (long)At(path)!;

    public Map Child(string path) => (Map)At(path)!;

    public List<Map> Maps(string path) => [.. ((List<object?>)At(path)!).Cast<Map>()];

    public List<string> Texts(string path) => [.. ((List<object?>)At(path)!).Cast<string>()];

    public bool Has(string path) => path.Split('.').Aggregate((object?)this, static (value, name) => (value as Map)?.GetValueOrDefault(name)) is not null;

    /// <summary>Paths of everything that is no map.</summary>
    public IEnumerable<string> Leaves() => this.SelectMany(static pair => pair.Value is Map { Count: > 0 } map ? map.Leaves().Select(leaf => $"{pair.Key}.{leaf}") : [pair.Key]);

    /// <summary>This with some values in place of its own, as Helm merges them.</summary>
    public Map With(Map other)
    {
        var merged = new Map(this);
        foreach ((string name, object? value) in other)
        {
            merged[name] = value is Map map && merged.GetValueOrDefault(name) is Map own ? own.With(map) : value;
        }

        return merged;
    }
}
