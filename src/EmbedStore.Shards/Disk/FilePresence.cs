using System.Runtime.InteropServices;

namespace EmbedStore.Shards;

/// <summary>Whether a file exists. <see cref="File.Exists(string)"/> says no for every error, and whoever asks for another owner's claim must not take a failing disk for a no.</summary>
internal static class FilePresence
{
    // ENOENT and ENOTDIR of Linux and macOS.
    private const int NoSuchFile = 2;
    private const int NotAFolder = 20;

    /// <exception cref="IOException">It cannot be told.</exception>
    public static bool Of(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            return File.Exists(path);
        }

        const int Exists = 0;
        if (NativeAccess(path, Exists) == 0)
        {
            return true;
        }

        int error = Marshal.GetLastPInvokeError();
        return error is NoSuchFile or NotAFolder
            ? false
            : throw new IOException($"access of {path} failed: {Marshal.GetPInvokeErrorMessage(error)} ({error}).");
    }

    [DllImport("libc", EntryPoint = "access", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int NativeAccess([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int mode);
}
