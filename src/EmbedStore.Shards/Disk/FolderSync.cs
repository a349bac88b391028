using System.Runtime.InteropServices;

namespace EmbedStore.Shards;

/// <summary>fsync of a folder: without it a file that was made or renamed in the folder may be gone after a power cut, however well its content was flushed.</summary>
/// <remarks>.NET opens no folders, hence the calls to libc. Windows (NTFS) journals names and has no such call: nothing is done there.</remarks>
internal static class FolderSync
{
    public static void Flush(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        const int ReadOnly = 0;
        int handle = NativeOpen(path, ReadOnly);
        if (handle < 0)
        {
            throw Failure("open", path);
        }

        int flushed = NativeFlush(handle);
        IOException? failure = flushed < 0 ? Failure("fsync", path) : null;
        _ = NativeClose(handle);
        if (failure is not null)
        {
            throw failure;
        }
    }

    private static IOException Failure(string call, string path) =>
        new($"{call} of the folder {path} failed: {Marshal.GetLastPInvokeErrorMessage()} ({Marshal.GetLastPInvokeError()}).");

    [DllImport("libc", EntryPoint = "open", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int NativeOpen([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);

    [DllImport("libc", EntryPoint = "fsync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int NativeFlush(int handle);

    [DllImport("libc", EntryPoint = "close", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int NativeClose(int handle);
}
