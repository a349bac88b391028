using System.Globalization;
using EmbedStore.Http;
using Microsoft.Extensions.Configuration;

namespace EmbedStore.Server.Tests.Settings;

/// <summary>config/embedstore.json is documentation that runs: it names every setting with the default that the code has.</summary>
public sealed class ConfigFileTests
{
    private static readonly IConfigurationRoot File = new ConfigurationBuilder()
        .AddJsonFile(Path.Combine(AppContext.BaseDirectory, "config", "embedstore.json"))
        .Build();

    [Fact]
    public void It_names_every_setting_once_and_nothing_else()
    {
        IEnumerable<string> named = File.AsEnumerable().Where(pair => pair.Value is not null).Select(pair => pair.Key);
        Assert.Equal(Setting.All.Select(setting => setting.Key).Order(), named.Order());
    }

    [Fact]
    public void It_gives_every_setting_the_default_of_the_code()
    {
        Assert.All(Setting.All, setting => Assert.Equal(setting.Default, File[setting.Key]));
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
