using System.Diagnostics;
using EmbedStore.Testing;

namespace EmbedStore.Benchmarks.Tests;

/// <summary>The comparison in a process of its own, whose temporary folders lie in one of the test's.</summary>
/// <remarks>Everything that it starts has its standard error: when that ends, all of them have.</remarks>
internal sealed class LoadProcess : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Process _process;

    public LoadProcess(params string[] arguments) =>
        _process = Process.Start(ServerProgram.Describe(_folder.Path, arguments, new Dictionary<string, string> { ["TMPDIR"] = _folder.Path }, "EmbedStore.Load"))!;

    /// <summary>Temporary folders and files that are there now.</summary>
    public string[] Leftovers => Directory.GetFileSystemEntries(_folder.Path, "embedstore-load-*");

    /// <summary>Reads standard error up to a line that begins so.</summary>
    public async Task ReadUntilAsync(string start)
    {
        string? line;
        do
        {
            line = await _process.StandardError.ReadLineAsync();
            Assert.NotNull(line);
        }
        while (!line.StartsWith(start, StringComparison.Ordinal));
    }

    /// <summary>Kills it alone with signal 9.</summary>
    public void Kill() => _process.Kill();

    /// <summary>Waits until it and everything that it started has ended.</summary>
    public async Task<(int ExitCode, string Output, string Errors)> ReadToEndAsync()
    {
        Task<string> output = _process.StandardOutput.ReadToEndAsync();
        string errors = await _process.StandardError.ReadToEndAsync();
        await _process.WaitForExitAsync();
        return (_process.ExitCode, await output, errors);
    }

    public void Dispose()
    {
        _process.Kill();
        _process.Dispose();
        _folder.Dispose();
    }
}
