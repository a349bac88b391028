using System.Diagnostics;
using EmbedStore.Testing;

namespace EmbedStore.Server.Tests;

/// <summary>The README's tour, run as a reader would run it: its commands by bash and curl, its answers compared.</summary>
public sealed class ReadmeTests
{
    private const string AnswerMark = "#> ";

    [Fact]
    public async Task Every_answer_of_the_tour_is_what_the_server_says()
    {
        await using ServerProcess server = await ServerProcess.StartAsync();
        string[] tour = Tour().Select(line => line.Replace("http://127.0.0.1:7700", server.Client.BaseAddress!.GetLeftPart(UriPartial.Authority), StringComparison.Ordinal)).ToArray();
        string[] expected = [.. tour.Where(line => line.StartsWith(AnswerMark, StringComparison.Ordinal)).Select(line => line[AnswerMark.Length..])];
        Assert.NotEmpty(expected);
        Assert.Equal(expected, await RunAsync(tour));
    }

    private static string[] Tour() =>
    [
        .. File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "README.md"))
            .SkipWhile(line => line != "## A tour with curl")
            .SkipWhile(line => line != "```sh").Skip(1)
            .TakeWhile(line => line != "```"),
    ];

    /// <summary>One line of output for each curl.</summary>
    private static async Task<string[]> RunAsync(string[] tour)
    {
        IEnumerable<string> script = tour.Select(line => line.StartsWith("curl", StringComparison.Ordinal) ? line + "; echo" : line);
        using Process bash = Process.Start(new ProcessStartInfo("bash", ["-c", string.Join('\n', script)]) { RedirectStandardOutput = true })!;
        string output = await bash.StandardOutput.ReadToEndAsync().WaitAsync(ServerProgram.Patience);
        return output.TrimEnd('\n').Split('\n');
    }
}
