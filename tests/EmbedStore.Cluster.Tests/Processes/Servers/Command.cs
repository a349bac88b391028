using System.Diagnostics;

namespace EmbedStore.Cluster.Tests;

/// <summary>Programs of the system.</summary>
internal static class Command
{
    /// <summary>Runs a program to its end.</summary>
    /// <exception cref="InvalidOperationException">It ended with an error, or does not exist.</exception>
    public static void Run(string program, params string[] arguments)
    {
        string said;
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true, RedirectStandardOutput = true })!;
            Task<string> errors = process.StandardError.ReadToEndAsync();
            process.StandardOutput.ReadToEnd();
            said = errors.GetAwaiter().GetResult().Trim();
            process.WaitForExit();
            if (process.ExitCode == 0)
            {
                return;
            }
        }
        catch (System.ComponentModel.Win32Exception missing)
        {
            said = missing.Message;
        }

        throw new InvalidOperationException($"{program} {string.Join(' ', arguments)}: {said}");
    }
}
