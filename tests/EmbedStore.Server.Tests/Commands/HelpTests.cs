using EmbedStore.Http;
using EmbedStore.Testing;

namespace EmbedStore.Server.Tests.Commands;

public sealed class HelpTests
{
    [Fact]
    public async Task Help_names_every_setting_with_its_default_and_starts_nothing()
    {
        using var folder = new TemporaryFolder();
        ProgramResult result = await ServerProgram.RunAsync(folder.Path, ["--help"]);
        Assert.Equal((0, ""), (result.ExitCode, result.Errors));
        Assert.All(Setting.All, setting => Assert.Contains($"  {setting.Key} {setting.Default} ", result.Output, StringComparison.Ordinal));
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public async Task Version_is_one_line()
    {
        using var folder = new TemporaryFolder();
        ProgramResult result = await ServerProgram.RunAsync(folder.Path, ["--version"]);
        Assert.Matches(@"^EmbedStore \d+\.\d+\.\d+\s$", result.Output);
    }
}
