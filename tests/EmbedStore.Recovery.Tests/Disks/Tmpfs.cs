using System.Diagnostics;
using EmbedStore.Testing;

namespace EmbedStore.Recovery.Tests;

/// <summary>A small file system of its own, which can really be full. Only root can mount one.</summary>
internal sealed class Tmpfs : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    /// <param name="byteCount">Its size.</param>
    /// <exception cref="InvalidOperationException">It cannot be mounted.</exception>
    public Tmpfs(long byteCount)
    {
        try
        {
            Run("mount", "-t", "tmpfs", "-o", FormattableString.Invariant($"size={byteCount}"), "tmpfs", _folder.Path);
        }
        catch
        {
            _folder.Dispose();
            throw;
        }
    }

    public string Path => _folder.Path;

    /// <summary>Makes it larger, or smaller, under whoever uses it.</summary>
    public void Resize(long byteCount) => Run("mount", "-o", FormattableString.Invariant($"remount,size={byteCount}"), _folder.Path);

    /// <summary>Puts a file there that leaves only so much. Unit: bytes.</summary>
    public void Fill(long leftByteCount)
    {
        using FileStream filler = File.Create(System.IO.Path.Combine(Path, "filler"));
        byte[] bytes = new byte[Math.Max(0, new DriveInfo(Path).AvailableFreeSpace - leftByteCount)];
        filler.Write(bytes);
    }

    public void Dispose()
    {
        Run("umount", "-l", _folder.Path);
        _folder.Dispose();
    }

    private static void Run(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        string errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{program} {string.Join(' ', arguments)}: {errors.Trim()}");
        }
    }
}

/// <summary>A test that needs a <see cref="Tmpfs"/>: skipped, with the reason, where none can be mounted.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class TmpfsFactAttribute : FactAttribute
{
    private static readonly string? WhyNot = Try();

    public TmpfsFactAttribute() => Skip = WhyNot;

    private static string? Try()
    {
        try
        {
            using var trial = new Tmpfs(1 << 20);
            return null;
        }
        catch (Exception refusal) when (refusal is InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            return $"FULL DISKS ARE NOT TESTED HERE, for no tmpfs can be mounted: {refusal.Message}";
        }
    }
}
