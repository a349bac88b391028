using System.Diagnostics;
using System.Globalization;

namespace EmbedStore.FaultServer;

/// <summary>The operation on the disk at which this process kills itself: <c>log.flush.after:3</c> is behind the third flush of a log segment.</summary>
/// <param name="file">Kind of file, see <see cref="KindOf"/>; <c>folder</c> for a folder.</param>
/// <param name="operation"><c>create</c>, <c>read</c>, <c>write</c>, <c>cut</c>, <c>flush</c>, <c>rename</c>, <c>delete</c>.</param>
/// <param name="moment">Before it, after it, or during: with half of the bytes written.</param>
/// <param name="count">The how manyth of them.</param>
internal sealed class KillPoint(string file, string operation, KillMoment moment, int count)
{
    public const string Variable = "EMBEDSTORE_KILL_AT";

    private int _left = count;

    /// <exception cref="FormatException">The text is no point.</exception>
    public static KillPoint? Parse(string? text)
    {
        if (string.IsNullOrEmpty(text))
        {
            return null;
        }

        return text.Split('.', ':') is [string file, string operation, string moment, string count]
            ? new KillPoint(file, operation, Enum.Parse<KillMoment>(moment, ignoreCase: true), int.Parse(count, CultureInfo.InvariantCulture))
            : throw new FormatException($"{Variable} is like log.flush.after:3; was '{text}'.");
    }

    /// <summary>Called before an operation. Kills when that is the point.</summary>
    /// <returns>When this operation kills otherwise.</returns>
    public KillMoment Enter(string path, string name)
    {
        if (name != operation || KindOf(path) != file || Interlocked.Decrement(ref _left) != 0)
        {
            return KillMoment.Never;
        }

        if (moment == KillMoment.Before)
        {
            Kill();
        }

        return moment;
    }

    /// <summary>Called after an operation. Kills when that is the point.</summary>
    public static void Leave(KillMoment moment)
    {
        if (moment == KillMoment.After)
        {
            Kill();
        }
    }

    /// <summary>Ends the process with signal 9, so that nothing of it goes on.</summary>
    public static void Kill()
    {
        using var self = Process.GetCurrentProcess();
        self.Kill();
        Thread.Sleep(Timeout.Infinite);
    }

    private static string KindOf(string path)
    {
        string name = Path.GetFileName(path);
        return Directory.Exists(path) ? "folder"
            : name.StartsWith("log-", StringComparison.Ordinal) ? "log"
            : name.EndsWith(".rows", StringComparison.Ordinal) ? "snapshot"
            : name.Contains(".manifest", StringComparison.Ordinal) ? "manifest"
            : name.StartsWith("owner", StringComparison.Ordinal) ? "owner"
            : name.StartsWith("pages", StringComparison.Ordinal) ? "scratch"
            : "catalog";
    }
}

internal enum KillMoment
{
    Never,
    Before,
    During,
    After,
}
