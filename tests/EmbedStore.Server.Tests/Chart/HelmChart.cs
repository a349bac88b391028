namespace EmbedStore.Server.Tests.Chart;

/// <summary>charts/embedstore, as an installation with some values would have it.</summary>
internal sealed class HelmChart
{
    public const string Release = "shop";
    public const string Namespace = "tables";

    /// <summary>Where the chart lies beside the tests.</summary>
    public static string Folder { get; } = Path.Combine(AppContext.BaseDirectory, "charts", "embedstore");

    /// <summary>What values.yaml says.</summary>
    public static Map Values { get; } = Read("values.yaml");

    /// <summary>What values.schema.json says.</summary>
    public static Map Schema { get; } = Read("values.schema.json");

    private HelmChart(Map values, string release)
    {
        Map chart = Read("Chart.yaml");
        var root = new Map(new Dictionary<string, object?>
        {
            ["Values"] = values,
            ["Release"] = new Map(new Dictionary<string, object?> { ["Name"] = release, ["Namespace"] = Namespace, ["Service"] = "Helm" }),
            ["Chart"] = new Map(new Dictionary<string, object?> { ["Name"] = chart.Text("name"), ["Version"] = chart.Text("version"), ["AppVersion"] = chart.Text("appVersion") }),
        });
        var template = new GoTemplate();
        var files = Directory.GetFiles(Path.Combine(Folder, "templates")).Order(StringComparer.Ordinal).Select(path => (Name: Path.GetFileName(path), Nodes: template.Add(File.ReadAllText(path)))).ToList();
        Files = files.ToDictionary(static file => file.Name, file => template.Render(file.Nodes, root));
        Objects = [.. Files.Where(static file => file.Key.EndsWith(".yaml", StringComparison.Ordinal)).SelectMany(static file => Yaml.Documents(file.Value)).Cast<Map>()];
    }

    /// <summary>What each template wrote.</summary>
    public IReadOnlyDictionary<string, string> Files { get; }

    /// <summary>Every object that is installed.</summary>
    public IReadOnlyList<Map> Objects { get; }

    public Map StatefulSet => Only("StatefulSet");

    public Map Pod => StatefulSet.Child("spec.template.spec");

    public Map Container => Pod.Maps("containers").Single();

    /// <summary>Renders the chart.</summary>
    /// <param name="values">YAML of the values that are not the chart's own.</param>
    /// <param name="release">Name of the installation.</param>
    public static HelmChart Render(string values = "{}", string release = Release) => new(Values.With((Map)Yaml.Documents(values).Single()), release);

    /// <summary>The one object of a kind.</summary>
    public Map Only(string kind) => Objects.Single(each => each.Text("kind") == kind);

    /// <summary>The one object of a kind whose name ends so.</summary>
    public Map Only(string kind, string nameEnd) => Objects.Single(each => each.Text("kind") == kind && each.Text("metadata.name").EndsWith(nameEnd, StringComparison.Ordinal));

    private static Map Read(string file) => (Map)Yaml.Documents(File.ReadAllText(Path.Combine(Folder, file))).Single();
}
