using System.Diagnostics;
using System.Reflection;

namespace EmbedStore.Benchmarks.Gpu;

/// <summary>Where figures were measured.</summary>
internal static class Machine
{
    private const int CommitLength = 7;

    private static readonly TimeSpan AnswerTimeMax = TimeSpan.FromMinutes(5);

    public static string Driver() => Run("nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader") ?? "unknown";

    /// <summary>What the program was built of: it may be carried to where there is no repository.</summary>
    public static string Commit() => typeof(Machine).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+') is [_, { Length: >= CommitLength } commit]
        ? commit[..CommitLength]
        : Run("git", "rev-parse", "--short", "HEAD") ?? "unknown";

    /// <summary>What a program prints, trimmed; null when there is none, or it fails.</summary>
    public static string? Run(string program, params string[] arguments)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            _ = process.StandardError.ReadToEndAsync();
            Task<string> output = process.StandardOutput.ReadToEndAsync();
            if (!process.WaitForExit(AnswerTimeMax))
            {
                process.Kill();
                return null;
            }

            return process.ExitCode == 0 ? output.Result.Trim() : null;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }
}
