using System.Globalization;
using EmbedStore.Http;
using EmbedStore.Testing;
using Microsoft.Extensions.Configuration;

namespace EmbedStore.Server.Tests.Settings;

/// <summary>config/embedstore.json is documentation that runs: it names every setting with the default that the code has.</summary>
public sealed class ConfigFileTests
{
    private static readonly IConfigurationRoot File = new ConfigurationBuilder()
        .AddJsonFile(Path.Combine(AppContext.BaseDirectory, "config", "embedstore.json"))
        .Build();

    private static IEnumerable<Setting> Own => Setting.All.Where(static setting => !setting.IsOfMany);

    [Fact]
    public void It_names_every_setting_once_and_nothing_else()
    {
        IEnumerable<string> named = File.AsEnumerable().Where(pair => pair.Value is not null).Select(pair => pair.Key);
        Assert.Equal(Own.Select(setting => setting.Key).Order(), named.Order());
    }

    [Fact]
    public void It_gives_every_setting_the_default_of_the_code()
    {
        Assert.All(Own, setting => Assert.Equal(setting.Default, File[setting.Key]));
    }

    /// <summary>What there may be several of stands there as an example, one level of comments deeper.</summary>
    [Fact]
    public void It_shows_every_setting_of_a_key_with_its_default_in_comments()
    {
        IEnumerable<string> shown = System.IO.File.ReadLines(Path.Combine(AppContext.BaseDirectory, "config", "embedstore.json"))
            .SkipWhile(static line => line != "    \"Keys\": {").TakeWhile(static line => line != "    },").Select(static line => line.Replace("      // ", "", StringComparison.Ordinal));
        using var folder = new TemporaryFolder();
        string file = folder.Write("shown.json", $"{{{string.Join('\n', shown)}}}}}");
        Dictionary<string, string?> named = new ConfigurationBuilder().AddJsonFile(file).Build().AsEnumerable().Where(static pair => pair.Value is not null).ToDictionary();
        Assert.Equal(
            Setting.All.Where(static setting => setting.IsOfMany).Select(static setting => (setting.Key.Replace("EmbedStore:Keys:<name>", "Keys:trainer", StringComparison.Ordinal), (string?)setting.Default)).Order(),
            named.Select(static pair => (pair.Key, pair.Value)).Order());
    }

    [Fact]
    public void It_gives_the_same_options_as_no_file_at_all()
    {
        EmbedStoreOptions fromFile = SettingsReader.Read(File);
        Assert.Equivalent(new EmbedStoreOptions(), fromFile, strict: true);
    }

    [Fact]
    public void Defaults_are_those_of_the_contract()
    {
        var options = new EmbedStoreOptions();
        Assert.Equal((7700, 7701, 6566), (options.HttpPort, options.Http2Port, options.FeastPort));
        Assert.Equal(("./embedstore-data", "127.0.0.1", 4), (options.Data, options.Address, options.Shards));
        Assert.Equal((268_435_456L, 1_073_741_824L), (options.Limits.BodyBytes, options.Limits.ResultBytes));
        Assert.Equal((4_194_304, 1_024, 64), (options.Limits.IdsPerRequest, options.Limits.Connections, options.Limits.DataCallsPerCore));
        Assert.Equal("00:00:00.1000000", options.CommitInterval.ToString(null, CultureInfo.InvariantCulture));
    }
}
