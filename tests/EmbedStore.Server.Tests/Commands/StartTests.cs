using EmbedStore.Testing;

namespace EmbedStore.Server.Tests.Commands;

/// <summary>The real program, refusing to start: exit code 2, and the whole of what it says.</summary>
public sealed class StartTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_misspelled_setting_on_the_command_line_stops_the_start() =>
        await AssertRefusedAsync("EmbedStore:HttpProt is not a setting. Did you mean EmbedStore:HttpPort?", ["--EmbedStore:HttpProt", "0"]);

    [Fact]
    public async Task A_misspelled_setting_in_the_environment_stops_the_start() => await AssertRefusedAsync(
        "EmbedStore:Limits:BodyByte is not a setting. Did you mean EmbedStore:Limits:BodyBytes?",
        [],
        new Dictionary<string, string> { ["EmbedStore__Limits__BodyByte"] = "1" });

    [Fact]
    public async Task A_misspelled_setting_in_the_file_of_the_current_folder_stops_the_start()
    {
        _folder.Write("embedstore.json", """{"EmbedStore": {"Shard": 3}}""");
        await AssertRefusedAsync("EmbedStore:Shard is not a setting. Did you mean EmbedStore:Shards?", []);
    }

    [Fact]
    public async Task A_misspelled_section_in_a_named_file_stops_the_start()
    {
        string file = _folder.Write("mine.json", """{"EmbedStor": {"Shards": 3}}""");
        await AssertRefusedAsync("EmbedStor is not a section of settings. Did you mean EmbedStore?", ["--config", file]);
    }

    [Fact]
    public async Task A_named_file_that_is_missing_stops_the_start() =>
        await AssertRefusedAsync($"The settings file {_folder["none.json"]} does not exist.", ["--config", _folder["none.json"]]);

    [Fact]
    public async Task A_data_folder_that_cannot_be_written_stops_the_start()
    {
        string data = Path.Combine(_folder.Write("file", ""), "data");
        ProgramResult result = await ServerProgram.RunAsync(_folder.Path, ["--EmbedStore:Data", data]);
        Assert.Equal((2, ""), (result.ExitCode, result.Output));
        Assert.StartsWith($"EmbedStore:Data: the folder {data} cannot be written: ", result.Errors, StringComparison.Ordinal);
        Assert.Single(result.Errors.TrimEnd().Split('\n'));
    }

    [Fact]
    public async Task A_data_folder_that_another_server_holds_stops_the_start()
    {
        await using ServerProcess other = await ServerProcess.StartAsync();
        await AssertRefusedAsync($"EmbedStore:Data: another server holds the folder {other.DataFolder}.", ["--EmbedStore:Data", other.DataFolder]);
    }

    [Fact]
    public async Task A_port_in_use_stops_the_start()
    {
        await using ServerProcess other = await ServerProcess.StartAsync();
        int port = other.Client.BaseAddress!.Port;
        await AssertRefusedAsync(
            $"EmbedStore:HttpPort: port {port} of 127.0.0.1 is in use by another program. 0 picks a free one.",
            ["--EmbedStore:HttpPort", $"{port}"]);
    }

    [Fact]
    public async Task A_device_that_this_program_cannot_use_stops_the_start()
    {
        await AssertRefusedAsync(
            "EmbedStore:Gpu:Device must be auto or none in this program, which uses no GPU; was 'cuda:0'. EmbedStore.Silo uses one.",
            ["--EmbedStore:Gpu:Device", "cuda:0"]);
        Assert.False(Directory.Exists(_folder["embedstore-data"]));
    }

    private async Task AssertRefusedAsync(string message, string[] arguments, Dictionary<string, string>? environment = null)
    {
        ProgramResult result = await ServerProgram.RunAsync(_folder.Path, arguments, environment);
        Assert.Equal(new ProgramResult(2, "", message + Environment.NewLine), result);
    }
}
