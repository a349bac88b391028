namespace EmbedStore.Shards;

/// <summary>How operating systems say that there is no room: neither for bytes nor for one more file.</summary>
internal static class FullDisk
{
    // ENOSPC and EDQUOT of Linux; ERROR_DISK_FULL and ERROR_HANDLE_DISK_FULL of Windows.
    private static readonly int[] Errors = [28, 122, unchecked((int)0x80070070), unchecked((int)0x80070027)];

    public static bool IsMeantBy(IOException error) => Errors.Contains(error.HResult);
}
