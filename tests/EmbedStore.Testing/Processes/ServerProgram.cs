using System.Diagnostics;

namespace EmbedStore.Testing;

/// <summary>The built server program, as a test project finds it beside its own assembly when it references EmbedStore.Server; or another program, found the same way.</summary>
public static class ServerProgram
{
    /// <summary>The one that people run.</summary>
    public const string Server = "EmbedStore.Server";

    /// <summary>How long any start, answer or end may take on a busy machine before a test calls it missing.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Describes a run of the program with all three streams redirected and none of the caller's own settings.</summary>
    /// <param name="folder">Current folder of the run.</param>
    /// <param name="arguments">After the program's name.</param>
    /// <param name="environment">Added variables.</param>
    /// <param name="program">Name of the assembly.</param>
    public static ProcessStartInfo Describe(string folder, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null, string program = Server)
    {
        string dll = Path.Combine(AppContext.BaseDirectory, $"{program}.dll");
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", [dll, .. arguments])
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (string name in start.Environment.Keys.Where(name => name.StartsWith("EmbedStore__", StringComparison.OrdinalIgnoreCase)).ToArray())
        {
            start.Environment.Remove(name);
        }

        foreach ((string name, string value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        return start;
    }

    /// <summary>Runs the program to its end.</summary>
    /// <exception cref="TimeoutException">It did not end within <see cref="Patience"/>; it was killed.</exception>
    public static async Task<ProgramResult> RunAsync(string folder, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        using Process process = Process.Start(Describe(folder, arguments, environment))!;
        try
        {
            Task<string> output = process.StandardOutput.ReadToEndAsync();
            Task<string> errors = process.StandardError.ReadToEndAsync();
            await process.WaitForExitAsync().WaitAsync(Patience);
            return new ProgramResult(process.ExitCode, await output, await errors);
        }
        finally
        {
            // Does nothing when it has ended.
            process.Kill();
        }
    }
}

/// <summary>What a run left behind.</summary>
/// <param name="ExitCode">0 is success.</param>
/// <param name="Output">Standard output, whole.</param>
/// <param name="Errors">Standard error, whole.</param>
public sealed record ProgramResult(int ExitCode, string Output, string Errors);
