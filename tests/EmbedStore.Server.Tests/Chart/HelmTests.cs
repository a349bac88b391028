using System.Diagnostics;
using EmbedStore.Testing;

namespace EmbedStore.Server.Tests.Chart;

/// <summary>Where there is Helm, it says the same of the chart as the renderer of these tests.</summary>
public sealed class HelmTests
{
    [HelmFact]
    public void Lint_OfTheChart_FindsNothing() => Run("lint", "--strict", HelmChart.Folder);

    [HelmTheory]
    [MemberData(nameof(ChartTests.Cases), MemberType = typeof(ChartTests))]
    public void Template_OfAnyValues_IsWhatTheTestsSee(string values)
    {
        using var folder = new TemporaryFolder();
        string file = Path.Combine(folder.Path, "values.yaml");
        File.WriteAllText(file, values);
        string text = Run("template", HelmChart.Release, HelmChart.Folder, "--namespace", HelmChart.Namespace, "--values", file);
        Assert.Equal(Sorted(HelmChart.Render(values).Objects), Sorted(Yaml.Documents(text).Cast<Map>()));
    }

    private static IEnumerable<string> Sorted(IEnumerable<Map> objects) => objects.Select(static each => Yaml.Write(each)).Order(StringComparer.Ordinal);

    private static string Run(params string[] arguments)
    {
        using Process helm = Process.Start(new ProcessStartInfo("helm", arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        Task<string> errors = helm.StandardError.ReadToEndAsync();
        string output = helm.StandardOutput.ReadToEnd();
        helm.WaitForExit();
        Assert.True(helm.ExitCode == 0, output + errors.Result);
        return output;
    }

    private static string? WhyNot { get; } =
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(static folder => File.Exists(Path.Combine(folder, "helm"))) ? null : "There is no helm on the PATH.";

    [AttributeUsage(AttributeTargets.Method)]
    private sealed class HelmFactAttribute : FactAttribute
    {
        public HelmFactAttribute() => Skip = WhyNot;
    }

    [AttributeUsage(AttributeTargets.Method)]
    private sealed class HelmTheoryAttribute : TheoryAttribute
    {
        public HelmTheoryAttribute() => Skip = WhyNot;
    }
}
