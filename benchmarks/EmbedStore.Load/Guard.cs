using System.Diagnostics;

namespace EmbedStore.Load;

/// <summary>Shells that clean up when their standard input ends: as it does when its owner closes it, and also when this program is killed.</summary>
internal static class Guard
{
    /// <summary>Ctrl+C reaches every process of a terminal; a guard must outlive it.</summary>
    private const string IgnoreSignals = "trap '' INT TERM HUP; ";

    /// <summary>The process's id is printed first.</summary>
    private const string EndServer = """ "$@" >/dev/null 2>&1 </dev/null & echo $!; read -r _; kill -9 $! 2>/dev/null; wait """;

    /// <summary>Servers that are ending may still write to it.</summary>
    private const string RemoveFolder = """ read -r _; while [ -e "$1" ]; do rm -rf -- "$1"; sleep 2; done """;

    /// <summary>Starts a program that ends when the standard input of the result does.</summary>
    /// <param name="id">Of the program's process, which is a child of the result.</param>
    public static Process OfServer(string program, IEnumerable<string> arguments, out int id)
    {
        Process shell = Start(EndServer, [program, .. arguments]);
        id = int.Parse(shell.StandardOutput.ReadLine()!, System.Globalization.CultureInfo.InvariantCulture);
        return shell;
    }

    /// <summary>Removes the folder when the standard input of the result ends, unless the result is killed before.</summary>
    public static Process OfFolder(string path) => Start(RemoveFolder, [path]);

    private static Process Start(string script, IEnumerable<string> arguments) => Process.Start(
        new ProcessStartInfo("/bin/sh", ["-c", IgnoreSignals + script, "guard", .. arguments]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
}
