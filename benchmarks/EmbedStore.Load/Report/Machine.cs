using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace EmbedStore.Load;

/// <summary>What is known of this machine and of the code that runs on it.</summary>
internal static class Machine
{
    private const string Unknown = "unknown";

    /// <summary>The first processor's name and how many there are.</summary>
    public static string Processor => $"{FieldOf("/proc/cpuinfo", "model name")}, {Environment.ProcessorCount} cores";

    /// <summary>All memory.</summary>
    public static string Memory => Unit.MebiBytes.Write(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes);

    public static string System => $"{RuntimeInformation.OSDescription}, {RuntimeInformation.FrameworkDescription}";

    /// <summary>Processes that ran or waited to run, over 1, 5 and 15 minutes.</summary>
    public static string Load => File.Exists("/proc/loadavg") ? string.Join(' ', File.ReadAllText("/proc/loadavg").Split(' ')[..3]) : Unknown;

    /// <summary>What a process has in memory. Unit: bytes.</summary>
    public static long ResidentByteCount(int processId)
    {
        string kibibytes = FieldOf($"/proc/{processId}/status", "VmRSS").Split(' ')[0];
        return long.Parse(kibibytes, CultureInfo.InvariantCulture) << 10;
    }

    /// <summary>The commit that is checked out, and whether files differ from it.</summary>
    public static string Commit(string folder)
    {
        string commit = Git(folder, "rev-parse", "--short", "HEAD");
        return Git(folder, "status", "--porcelain", "--untracked-files=no").Length > 0 ? commit + " with changes" : commit;
    }

    /// <summary>The folder of the solution, above this program's.</summary>
    public static string Repository()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "EmbedStore.sln")))
            {
                return folder.FullName;
            }
        }

        return Environment.CurrentDirectory;
    }

    private static string FieldOf(string file, string name)
    {
        string? line = File.Exists(file) ? File.ReadLines(file).FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal)) : null;
        return line is null ? Unknown : line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim();
    }

    private static string Git(string folder, params string[] arguments)
    {
        using Process git = Process.Start(new ProcessStartInfo("git", ["-C", folder, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        string output = git.StandardOutput.ReadToEnd().Trim();
        git.WaitForExit();
        return git.ExitCode == 0 ? output : Unknown;
    }
}
