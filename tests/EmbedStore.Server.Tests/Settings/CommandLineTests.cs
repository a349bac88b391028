using EmbedStore.Http;

namespace EmbedStore.Server.Tests.Settings;

public sealed class CommandLineTests
{
    [Fact]
    public void A_value_follows_its_setting_or_an_equals_sign()
    {
        CommandLine line = Parse("serve", "--EmbedStore:HttpPort", "-1", "--EmbedStore:Data=a=b", "--config", "x.json", "--Logging:LogLevel:Default", "Debug");
        Assert.Equal("serve", line.Command);
        Assert.Equal("x.json", line.ConfigFile);
        Assert.Equal("-1", line.Settings["EmbedStore:HttpPort"]);
        Assert.Equal("a=b", line.Settings["EmbedStore:Data"]);
        Assert.Equal("Debug", line.Settings["Logging:LogLevel:Default"]);
    }

    [Theory]
    [InlineData("--conifg", "--conifg is not an option. Did you mean --config?")]
    [InlineData("--HttpPort", "--HttpPort is not an option. Did you mean --EmbedStore:HttpPort?")]
    [InlineData("--EmbedStor:HttpPort", "--EmbedStor:HttpPort is not an option. Did you mean --EmbedStore:HttpPort?")]
    [InlineData("quikstart", "'quikstart' is not a command. Did you mean quickstart?")]
    [InlineData("-p", "'-p' is not a command. Did you mean serve?")]
    [InlineData("--rol", "--rol is not an option. Did you mean --role?")]
    [InlineData("--role=read", "--role has its value after a space, not after '='.")]
    [InlineData("--key", "--key needs a value after it.")]
    [InlineData("--stdin", "--role, --tables and --stdin go with the command key.")]
    [InlineData("--config", "--config needs a value after it.")]
    [InlineData("--EmbedStore:Shards", "--EmbedStore:Shards needs a value after it.")]
    public void A_word_that_means_nothing_is_refused(string word, string message) =>
        Assert.Equal(message, Assert.Throws<StartException>(() => Parse(word)).Message);

    [Fact]
    public void An_option_is_not_taken_for_a_value() =>
        Assert.Equal("--EmbedStore:Shards needs a value after it.", Assert.Throws<StartException>(() => Parse("--EmbedStore:Shards", "--help")).Message);

    [Fact]
    public void A_second_command_is_refused() => Assert.Throws<StartException>(() => Parse("serve", "quickstart"));

    [Fact]
    public void The_command_key_takes_a_name_and_what_the_key_may()
    {
        CommandLine line = WithKey("key", "trainer", "--role", "write", "--tables", "a*,b", "--stdin");
        Assert.Equal(("key", "trainer", "write", "a*,b", true), (line.Command, line.Name, line.Role, line.Tables, line.FromInput));
        Assert.StartsWith("'more' is one word too many", Assert.Throws<StartException>(() => WithKey("key", "trainer", "more")).Message, StringComparison.Ordinal);
        Assert.Equal("--key goes with --server: it is shown to a server that runs already.", Assert.Throws<StartException>(() => Parse("quickstart", "--key", "k")).Message);
    }

    private static CommandLine Parse(params string[] words) => CommandLine.Parse(words, "serve", "quickstart");

    private static CommandLine WithKey(params string[] words) => CommandLine.Parse(words, "serve", KeyCommand.Word);
}
