using System.Text.RegularExpressions;

namespace EmbedStore.Server.Tests.Chart;

public sealed partial class ValuesTests
{
    /// <summary>Maps whose names are the user's.</summary>
    private static readonly string[] Free = ["settings", "resources"];

    [Fact]
    public void Values_OfTheChart_FitTheirSchema() => Assert.Empty(ValuesSchema.Faults(HelmChart.Values, HelmChart.Schema));

    [Fact]
    public void Schema_NamesEveryValue_AndNoOther() =>
        Assert.Equal(Named(HelmChart.Values).Order(), Properties(HelmChart.Schema).Where(static path => path != "global" && !Free.Any(free => path.StartsWith(free + ".", StringComparison.Ordinal))).Order());

    [Fact]
    public void Templates_UseEveryValue_AndNoOther()
    {
        string all = string.Concat(Directory.GetFiles(Path.Combine(HelmChart.Folder, "templates")).Select(File.ReadAllText));
        Assert.Equal(Named(HelmChart.Values).Order(), Used().Matches(all).Select(static match => match.Groups[1].Value).Distinct().Order());
    }

    [Theory]
    [InlineData("replica: 3")]
    [InlineData("replicas: three")]
    [InlineData("replicas: 0")]
    [InlineData("http: {port: 70000}")]
    [InlineData("http: {tls: true}")]
    [InlineData("http: {address: 10.0.0.7}")]
    [InlineData("antiAffinity: always")]
    [InlineData("settings: {RowStore__MemoryBytes: 8589934592}")]
    [InlineData("settings: {\"RowStore:MemoryBytes\": \"1\"}")]
    [InlineData("telemetry: {endpoint: collector}")]
    [InlineData("secret: {clientsKey: \"\"}")]
    [InlineData("durable: {size: many}")]
    [InlineData("durable: {nfs: {path: tables}}")]
    [InlineData("cluster: {moveWait: 15s}")]
    [InlineData("networkPolicy: {enabled: \"yes\"}")]
    public void Values_OfTheWrongNameFormOrRange_AreRefused(string values) =>
        Assert.Single(ValuesSchema.Faults(HelmChart.Values.With((Map)Yaml.Documents(values).Single()), HelmChart.Schema));

    private static IEnumerable<string> Named(Map values) => values.Leaves().Select(static path => Free.FirstOrDefault(free => path.StartsWith(free + ".", StringComparison.Ordinal)) ?? path).Distinct();

    private static IEnumerable<string> Properties(Map schema) => schema.Has("properties")
        ? schema.Child("properties").SelectMany(static pair => Properties((Map)pair.Value!).Select(path => path.Length == 0 ? pair.Key : $"{pair.Key}.{path}"))
            .Concat(schema.Child("properties").ContainsKey("requests") ? [""] : [])
        : [""];

    [GeneratedRegex(@"\.Values\.([\w.]+)")]
    private static partial Regex Used();
}
