using System.Collections.Concurrent;
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

    [Theory]
    [InlineData("0.0.0.0")]
    [InlineData("192.168.1.1")]
    [InlineData("::")]
    public void An_address_other_than_loopback_is_refused(string address)
    {
        StartException refusal = Assert.Throws<StartException>(() => Read(("EmbedStore:Address", address)));
        Assert.Equal($"EmbedStore:Address must be a loopback address such as 127.0.0.1 or ::1 as long as EmbedStore:Keys names no key; was '{address}'.", refusal.Message);
        Assert.Equal(address, Read([("EmbedStore:Address", address), .. Key("a")]).Address);
    }

    [Theory]
    [InlineData("example.com")]
    [InlineData("")]
    public void What_is_no_address_is_refused_also_with_keys(string address) =>
        Assert.Equal($"EmbedStore:Address must be an IP address; was '{address}'.", Assert.Throws<StartException>(() => Read([("EmbedStore:Address", address), .. Key("a")])).Message);

    [Fact]
    public void A_key_is_read_by_its_name()
    {
        Dictionary<string, KeyOptions> keys = Read([.. Key("a"), ("EmbedStore:Keys:b.c-d_1:Hash", Hash), ("embedstore:KEYS:b.c-d_1:ROLE", "admin"), ("EmbedStore:Keys:b.c-d_1:Tables", "x, y*")]).Keys;
        Assert.Equal(["a", "b.c-d_1"], keys.Keys.Order());
        Assert.Equal(("read", "*"), (keys["a"].Role, keys["a"].Tables));
        Assert.Equal(("admin", "x, y*", Hash), (keys["b.c-d_1"].Role, keys["b.c-d_1"].Tables, keys["b.c-d_1"].Hash));
    }

    [Fact]
    public void Broken_rules_of_keys_are_all_reported_at_once_and_what_may_be_a_key_is_not_repeated()
    {
        const string Secret = "esk_0123456789012345678901234567890123456789";
        StartException refusal = Assert.Throws<StartException>(() => Read(
            [.. Key("a"), ("EmbedStore:Keys:b:Hash", Secret), ("EmbedStore:Keys:b:Role", "Read"), ("EmbedStore:Keys:b:Tables", "x,,y"), ("EmbedStore:Keys:c d:Hash", Hash), ("EmbedStore:Keys:e:Role", "read")]));
        Assert.Equal(
            [
                "EmbedStore:Keys:b:Role must be read, write or admin; was 'Read'.",
                "EmbedStore:Keys:b:Tables must be 1 to 64 names of tables, separated by commas, with * for any letters; was 'x,,y'.",
                "EmbedStore:Keys:b:Hash must be what the command \"key b\" prints.",
                "EmbedStore:Keys:c d must be named by 1 to 64 letters, digits or one of '_.-'.",
                "EmbedStore:Keys:e:Hash must be what the command \"key e\" prints.",
            ],
            refusal.Reasons);
    }

    [Fact]
    public void Two_keys_of_one_hash_and_more_keys_than_the_limit_are_refused()
    {
        Assert.Equal(
            "EmbedStore:Keys: a, b have the same Hash; each key has one of its own.",
            Assert.Throws<StartException>(() => Read([.. Key("a"), ("EmbedStore:Keys:b:Hash", Hashes["a"])])).Message);
        (string, string?)[] many = [.. Enumerable.Range(0, KeyOptions.CountMax + 1).SelectMany(static i => Key($"k{i}"))];
        Assert.Equal("EmbedStore:Keys has 257 keys; the limit is 256.", Assert.Throws<StartException>(() => Read(many)).Message);
    }

    [Theory]
    [InlineData("EmbedStore:Keys:a:Rol", "x", "EmbedStore:Keys:a:Rol is not a setting. Did you mean EmbedStore:Keys:<name>:Role?")]
    [InlineData("EmbedStore:Keys:a", "esk_01234567890123456789012345678901", "EmbedStore:Keys:a is not a setting. Did you mean EmbedStore:Keys?")]
    [InlineData("EmbedStore:Keys:a", null, "EmbedStore:Keys:a is not a setting. Did you mean EmbedStore:Keys?")]
    public void A_key_of_the_wrong_form_is_refused(string name, string? value, string message) =>
        Assert.Equal(message, Assert.Throws<StartException>(() => Read((name, value))).Message);

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

    private const string Hash = "sha256:QeSAzFjvFAvZMdIJ2KABIg:qLlgclRJc7fEGteu04TXtcwVxCz3LtPkB8PYOZ-lhj8";

    private static readonly ConcurrentDictionary<string, string> Hashes = new();

    /// <summary>The settings of a key; the same for the same name.</summary>
    private static (string Name, string? Value)[] Key(string name) => [($"EmbedStore:Keys:{name}:Hash", Hashes.GetOrAdd(name, static _ => KeyHash.Of(AccessKey.New()).ToString()))];

    private static EmbedStoreOptions Read(params (string Name, string? Value)[] settings) => SettingsReader.Read(
        new ConfigurationBuilder().AddInMemoryCollection(settings.ToDictionary(setting => setting.Name, setting => setting.Value)).Build());
}
