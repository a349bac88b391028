namespace EmbedStore.Benchmarks.Tests;

public sealed class LoadTests
{
    /// <summary>Each figure that is to be reached, as its line in the table begins.</summary>
    private static readonly string[] Figures =
    [
        "gather in process / dense copy", "HTTP (512, 64) / Redis MGET", "HTTP (512, 64) / raw socket", "its processor time / raw socket", "shared memory (512, 64) / Redis MGET", "p50 of (1, 100) / Redis MGET", "p99 of (1, 100) / Redis MGET",
        "bag of 64 / unpooled gather", "lookup of 8 tables in one call / a call for each table", "lookup of 8 tables in one call / Redis MGET", "nearest of 1 query / plain dense loop",
        "nearest of 64 queries / plain dense loop", "first reads after a prefetch / without", "read p99 while", "read p99 while a snapshot is written / idle", "durable apply of 4,096 rows / Redis SET",
        "larger than memory (4×), in process / RocksDB MultiGet", "bytes resident / payload", "rows/s at 20,000 rows / at 10,000, K = 16",
    ];

    [Fact]
    public async Task Smoke_HasALineForEveryFigure_AndAllPeersAnswerAlike()
    {
        using var load = new LoadProcess("smoke");
        (int exitCode, string output, string errors) = await load.ReadToEndAsync();
        Assert.True(exitCode == 0, errors);
        Assert.All(Figures, figure => Assert.Contains("| " + figure, output, StringComparison.Ordinal));
        Assert.Empty(load.Leftovers);
    }

    [Fact]
    public async Task KilledWhileItMeasures_LeavesNoServerAndNoFolder()
    {
        using var load = new LoadProcess("smoke", "--only", "latency", "--sample", "60000");
        await load.ReadUntilAsync("measuring");
        Assert.NotEmpty(load.Leftovers);
        load.Kill();
        await load.ReadToEndAsync();
        Assert.Empty(load.Leftovers);
    }

    [Theory]
    [InlineData("There is no command 'compete'.", "compete")]
    [InlineData("There is no option '--fast'.", "smoke", "--fast", "1")]
    [InlineData("--rounds must be in [1, 1000]; was '0'.", "smoke", "--rounds", "0")]
    [InlineData("There is no workload 'sort'; there are gather, ", "smoke", "--only", "sort")]
    public async Task CommandLineThatSaysNothing_IsRefusedWithWhatWouldDo(string message, params string[] arguments)
    {
        using var load = new LoadProcess(arguments);
        (int exitCode, string output, string errors) = await load.ReadToEndAsync();
        Assert.Equal((2, ""), (exitCode, output));
        Assert.StartsWith(message, errors, StringComparison.Ordinal);
    }
}
