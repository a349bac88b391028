using System.Net;
using System.Net.Http.Headers;
using System.Text.RegularExpressions;
using EmbedStore.Http;
using EmbedStore.Testing;

namespace EmbedStore.Server.Tests.Commands;

/// <summary>The real program: it makes keys, serves those who show one, and says nothing of them.</summary>
public sealed partial class KeyTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task It_prints_a_key_once_and_settings_that_let_it_in()
    {
        ProgramResult made = await ServerProgram.RunAsync(_folder.Path, ["key", "trainer", "--role", "write", "--tables", "a*,b"]);
        Assert.Equal((0, ""), (made.ExitCode, made.Errors));
        string key = Assert.Single(Keys().Matches(made.Output)).Value;

        string file = _folder.Write("keys.json", made.Output[made.Output.IndexOf('{', StringComparison.Ordinal)..(made.Output.LastIndexOf('}') + 1)]);
        await using ServerProcess server = await ServerProcess.StartAsync("--config", file);
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(server.Client, "/v1/tables", key));
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(server.Client, "/v1/tables/abc", key));
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(server.Client, "/v1/tables/c", key));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(server.Client, "/v1/tables", null));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(server.Client, "/health/ready", null));

        Dictionary<string, string> environment = Variables().Matches(made.Output).ToDictionary(static match => match.Groups[1].Value, static match => match.Groups[2].Value);
        Assert.Equal(3, environment.Count);
        await using ServerProcess second = await ServerProcess.StartAsync([], environment);
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(second.Client, "/v1/tables/c", key));
    }

    [Fact]
    public async Task It_hashes_a_key_that_comes_in_and_does_not_print_it()
    {
        string key = AccessKey.New();
        var output = new StringWriter();
        KeyCommand.Run(CommandLine.Parse(["key", "mine", "--stdin"], "key"), new StringReader(key + "\n"), output);
        Assert.DoesNotContain(key, output.ToString(), StringComparison.Ordinal);
        await using ServerProcess server = await ServerProcess.StartAsync([], Variables().Matches(output.ToString()).ToDictionary(static match => match.Groups[1].Value, static match => match.Groups[2].Value));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(server.Client, "/v1/server", key));
    }

    [Theory]
    [InlineData("key needs a name after it, such as key trainer --role write.", "key")]
    [InlineData("EmbedStore:Keys:a:Role must be read, write or admin; was 'boss'.", "key", "a", "--role", "boss")]
    [InlineData("EmbedStore:Keys:a b must be named by 1 to 64 letters, digits or one of '_.-'.", "key", "a b")]
    [InlineData("EmbedStore:Keys:a:Tables must be 1 to 64 names of tables, separated by commas, with * for any letters; was 'a/b'.", "key", "a", "--tables", "a/b")]
    [InlineData("key takes no settings: it prints some.", "key", "a", "--EmbedStore:Shards", "2")]
    public void A_key_that_no_server_would_take_is_refused(string message, params string[] words) =>
        Assert.Equal(message, Assert.Throws<StartException>(() => KeyCommand.Run(CommandLine.Parse(words, "key"), TextReader.Null, TextWriter.Null)).Message);

    [Theory]
    [InlineData("")]
    [InlineData("short")]
    [InlineData("a key of more than thirty-two letters with spaces")]
    public void An_input_that_can_be_no_key_is_refused(string input) =>
        Assert.StartsWith("--stdin takes a key", Assert.Throws<StartException>(() => KeyCommand.Run(CommandLine.Parse(["key", "a", "--stdin"], "key"), new StringReader(input), TextWriter.Null)).Message, StringComparison.Ordinal);

    [Fact]
    public async Task An_address_beyond_loopback_needs_a_key()
    {
        ProgramResult refused = await ServerProgram.RunAsync(_folder.Path, ["--EmbedStore:Address", "0.0.0.0", "--EmbedStore:HttpPort", "0"]);
        Assert.Equal(new ProgramResult(2, "", "EmbedStore:Address must be a loopback address such as 127.0.0.1 or ::1 as long as EmbedStore:Keys names no key; was '0.0.0.0'." + Environment.NewLine), refused);

        string key = AccessKey.New();
        await using ServerProcess server = await ServerProcess.StartAsync("--EmbedStore:Address", "0.0.0.0", "--EmbedStore:Keys:a:Hash", KeyHash.Of(key).ToString());
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{server.Client.BaseAddress!.Port}") };
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(http, "/v1/tables", null));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(http, "/v1/tables", key));
        Assert.Equal(0, await server.StopAsync());
        Assert.Contains("Clients' keys come to 0.0.0.0 as plain text", Assert.Single(server.Errors), StringComparison.Ordinal);
    }

    /// <summary>Neither in the log at its most talkative nor in an answer.</summary>
    [Fact]
    public async Task No_key_stands_in_the_log_or_in_an_answer()
    {
        string key = AccessKey.New();
        string hash = KeyHash.Of(key).ToString();
        string[] secrets = [key, AccessKey.New(), hash];
        await using ServerProcess server = await ServerProcess.StartAsync("--EmbedStore:Keys:a:Hash", hash, "--Logging:LogLevel:Default", "Trace");
        foreach (string path in (string[])["/v1/tables", "/v1/tables/none", "/v1/nothing", "/health/live"])
        {
            foreach (string header in secrets.SelectMany(static secret => new[] { $"Bearer {secret}", secret, $"Basic {secret}", $"Bearer {secret} {secret}" }))
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, path);
                request.Headers.TryAddWithoutValidation("Authorization", header);
                using HttpResponseMessage answer = await server.Client.SendAsync(request);
                string text = answer.Headers + await answer.Content.ReadAsStringAsync();
                Assert.All(secrets, secret => Assert.DoesNotContain(secret, text, StringComparison.Ordinal));
            }
        }

        Assert.Equal(0, await server.StopAsync());
        string log = string.Join('\n', server.Errors.Concat(server.Output));
        Assert.Contains("/v1/nothing", log, StringComparison.Ordinal);
        Assert.All(secrets, secret => Assert.DoesNotContain(secret, log, StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_quickstart_shows_the_key_that_it_is_given()
    {
        string key = AccessKey.New();
        await using ServerProcess server = await ServerProcess.StartAsync("--EmbedStore:Keys:a:Hash", KeyHash.Of(key).ToString());
        string[] words = ["quickstart", "--server", server.Client.BaseAddress!.ToString()];
        await FailsWithAsync("401", words);
        await FailsWithAsync("403", [.. words, "--key", key]);
        await FailsWithAsync("403", words, new Dictionary<string, string> { ["EMBEDSTORE_KEY"] = key });
    }

    private async Task FailsWithAsync(string message, string[] words, Dictionary<string, string>? environment = null)
    {
        ProgramResult result = await ServerProgram.RunAsync(_folder.Path, words, environment);
        Assert.Equal(1, result.ExitCode);
        Assert.Contains(message, result.Output + result.Errors, StringComparison.Ordinal);
    }

    private static async Task<HttpStatusCode> StatusAsync(HttpClient client, string path, string? key)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Authorization = key is null ? null : new AuthenticationHeaderValue("Bearer", key);
        using HttpResponseMessage answer = await client.SendAsync(request);
        return answer.StatusCode;
    }

    [GeneratedRegex(@"\besk_[\w-]{43}\b")]
    private static partial Regex Keys();

    [GeneratedRegex(@"^  (EmbedStore__Keys__\w+)=(\S+)$", RegexOptions.Multiline)]
    private static partial Regex Variables();
}
