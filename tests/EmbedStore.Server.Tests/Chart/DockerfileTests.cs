using System.Globalization;

namespace EmbedStore.Server.Tests.Chart;

/// <summary>The image and the chart are made for each other.</summary>
public sealed class DockerfileTests
{
    private static readonly string[] Lines = [.. File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "config", "docker", "Dockerfile"))
        .Replace("\\\n", "", StringComparison.Ordinal).Split('\n').Where(static line => line.Length > 0 && line[0] != '#')];

    private static string[] LastStage => [.. Lines[Array.FindLastIndex(Lines, static line => line.StartsWith("FROM ", StringComparison.Ordinal))..]];

    [Fact]
    public void Image_HasNoShellAndNoRoot()
    {
        Assert.EndsWith("-chiseled", LastStage[0], StringComparison.Ordinal);
        Assert.Contains("USER $APP_UID", LastStage);
        Assert.DoesNotContain(LastStage, static line => line.StartsWith("RUN ", StringComparison.Ordinal));
    }

    [Fact]
    public void Image_IsTheSiloInTheConfigurationThatHasIt()
    {
        string publish = Assert.Single(Lines, static line => line.Contains("dotnet publish", StringComparison.Ordinal));
        Assert.Contains(" src/EmbedStore.Silo/EmbedStore.Silo.csproj ", publish, StringComparison.Ordinal);
        Assert.Contains(" -c Full ", publish, StringComparison.Ordinal);
        Assert.Equal("ENTRYPOINT [\"dotnet\", \"EmbedStore.Silo.dll\"]", LastStage[^1]);
    }

    [Fact]
    public void Image_ExposesThePortsOfTheChart() =>
        Assert.Equal(
            HelmChart.Render().Container.Maps("ports").Select(static port => port.Number("containerPort").ToString(CultureInfo.InvariantCulture)).Order(),
            Assert.Single(LastStage, static line => line.StartsWith("EXPOSE ", StringComparison.Ordinal)).Split(' ')[1..].Order());

    [Fact]
    public void Image_HasTheFoldersThatTheChartMounts()
    {
        string[] set = Assert.Single(LastStage, static line => line.StartsWith("ENV ", StringComparison.Ordinal)).Split(' ')[1..];
        IEnumerable<string> mounted = HelmChart.Render().Container.Maps("env").Where(static variable => variable.Text("name") is "EmbedStore__Data" or "EmbedStore__ScratchFolder")
            .Select(static variable => $"{variable.Text("name")}={variable.Text("value")}");
        Assert.Equal(mounted, set);
    }

    [Fact]
    public void Build_SeesNoBuildsOfOthersAndNoHistory()
    {
        string[] ignored = File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, ".dockerignore"));
        Assert.Superset(new HashSet<string> { "**/bin/", "**/obj/", ".git/", "**/embedstore-data/" }, ignored.ToHashSet());
        Assert.DoesNotContain(ignored, static line => line.TrimStart('*', '/').StartsWith("src", StringComparison.Ordinal));
    }
}
