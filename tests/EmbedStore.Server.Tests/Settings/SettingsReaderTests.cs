using EmbedStore.Http;
using Microsoft.Extensions.Configuration;

namespace EmbedStore.Server.Tests.Settings;

public sealed class SettingsReaderTests
{
    [Theory]
    [InlineData("EmbedStore:HttpProt", "EmbedStore:HttpPort")]
    [InlineData("EmbedStore:BodyBytes", "EmbedStore:Limits:BodyBytes")]
    [InlineData("EmbedStore:Limts:BodyBytes", "EmbedStore:Limits:BodyBytes")]
    [InlineData("EmbedStore:RowStore:MemroyBytes", "EmbedStore:RowStore:MemoryBytes")]
    [InlineData("EmbedStore:Gpu:StreamCuont", "EmbedStore:Gpu:StreamCount")]
    [InlineData("EmbedStore:Telemetry:Endpoint:Url", "EmbedStore:Telemetry:Endpoint")]
    public void A_misspelled_name_is_refused_with_the_nearest_right_one(string written, string meant)
    {
        StartException refusal = Assert.Throws<StartException>(() => Read((written, "1")));
        Assert.Equal($"{written} is not a setting. Did you mean {meant}?", refusal.Message);
    }

    [Fact]
    public void A_misspelled_group_is_refused_even_when_it_is_empty()
    {
        StartException refusal = Assert.Throws<StartException>(() => Read(("EmbedStore:Limitz", null)));
        Assert.Equal("EmbedStore:Limitz is not a setting. Did you mean EmbedStore:Limits?", refusal.Message);
    }

    [Fact]
    public void Case_does_not_matter() => Assert.Equal(5, Read(("embedstore:SHARDS", "5")).Shards);

    [Fact]
    public void Wrong_names_and_unreadable_values_are_all_reported_at_once()
    {
        StartException refusal = Assert.Throws<StartException>(() => Read(
            ("EmbedStore:Shards", "many"), ("EmbedStore:CommitInterval", "soon"), ("EmbedStore:HttpPort", null), ("EmbedStore:Dat", "x")));
        Assert.Equal(
            [
                "EmbedStore:CommitInterval must be a time such as 00:00:00.100; was 'soon'.",
                "EmbedStore:Dat is not a setting. Did you mean EmbedStore:Data?",
                "EmbedStore:HttpPort must be a whole number; was ''.",
                "EmbedStore:Shards must be a whole number; was 'many'.",
            ],
            refusal.Reasons);
    }

    [Fact]
    public void Broken_rules_are_all_reported_at_once()
    {
        StartException refusal = Assert.Throws<StartException>(() => Read(
            ("EmbedStore:Data", " "),
            ("EmbedStore:HttpPort", "-1"),
            ("EmbedStore:FeastPort", "65536"),
            ("EmbedStore:Shards", "0"),
            ("EmbedStore:CommitInterval", "100"),
            ("EmbedStore:Limits:BodyBytes", "9999999999"),
            ("EmbedStore:RowStore:LogSegmentBytes", "5"),
            ("EmbedStore:Telemetry:Endpoint", "localhost")));
        Assert.Equal(
            [
                "EmbedStore:Data must name a folder; was empty.",
                "EmbedStore:HttpPort must be in [0, 65535]; was -1.",
                "EmbedStore:FeastPort must be in [-1, 65535]; was 65536.",
                "EmbedStore:Shards must be in [1, 1024]; was 0.",
                "EmbedStore:CommitInterval must be in [00:00:00.001, 00:01:00]; was 100.00:00:00.",
                "EmbedStore:Limits:BodyBytes must be in [1024, 2147483591]; was 9999999999.",
                "EmbedStore:RowStore:LogSegmentBytes must be in [1048576, 1073741824]; was 5.",
                "EmbedStore:Telemetry:Endpoint must be empty or an absolute http or https URL; was 'localhost'.",
            ],
            refusal.Reasons);
    }

    [Fact]
    public void Every_wrong_value_of_the_device_is_reported()
    {
        StartException refusal = Assert.Throws<StartException>(() => Read(
            ("EmbedStore:Gpu:Device", "cuda:-1"),
            ("EmbedStore:Gpu:MemoryBytes", "1"),
            ("EmbedStore:Gpu:StagingBytes", "65535"),
            ("EmbedStore:Gpu:StreamCount", "0"),
            ("EmbedStore:Gpu:FlushInterval", "00:00:00.0009"),
            ("EmbedStore:Gpu:CalibrationTime", "00:00:01.1")));
        Assert.Equal(
            [
                "EmbedStore:Gpu:Device must be auto, none, cpu or cuda:N; was 'cuda:-1'.",
                "EmbedStore:Gpu:MemoryBytes must be 0 or in [1048576, 4398046511104]; was 1.",
                "EmbedStore:Gpu:StagingBytes must be in [65536, 1073741824]; was 65535.",
                "EmbedStore:Gpu:StreamCount must be in [1, 64]; was 0.",
                "EmbedStore:Gpu:FlushInterval must be in [00:00:00.001, 00:00:01]; was 00:00:00.0009000.",
                "EmbedStore:Gpu:CalibrationTime must be in [00:00:00, 00:00:01]; was 00:00:01.1000000.",
            ],
            refusal.Reasons);
    }

    [Theory]
    [InlineData("0.0.0.0")]
    [InlineData("192.168.1.1")]
    [InlineData("::")]
    [InlineData("example.com")]
    [InlineData("")]
    public void An_address_other_than_loopback_is_refused(string address)
    {
        StartException refusal = Assert.Throws<StartException>(() => Read(("EmbedStore:Address", address)));
        Assert.StartsWith("EmbedStore:Address must be a loopback address", refusal.Message, StringComparison.Ordinal);
        Assert.EndsWith($"was '{address}'.", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("127.0.0.2")]
    [InlineData("::1")]
    public void A_loopback_address_is_accepted(string address) => Assert.Equal(address, Read(("EmbedStore:Address", address)).Address);

    [Fact]
    public void The_standard_variable_names_the_collector_unless_the_setting_does()
    {
        Assert.Equal("http://a:4317", Read((TelemetryOptions.StandardVariable, "http://a:4317")).Telemetry.Endpoint);
        Assert.Equal("http://b:1", Read((TelemetryOptions.StandardVariable, "http://a:4317"), ("EmbedStore:Telemetry:Endpoint", "http://b:1")).Telemetry.Endpoint);
        Assert.Empty(Read().Telemetry.Endpoint);
    }

    private static EmbedStoreOptions Read(params (string Name, string? Value)[] settings) => SettingsReader.Read(
        new ConfigurationBuilder().AddInMemoryCollection(settings.ToDictionary(setting => setting.Name, setting => setting.Value)).Build());
}
