using Microsoft.Win32.SafeHandles;

namespace EmbedStore.Shards;

internal sealed class PhysicalFile : IDiskFile
{
    // ENOSPC and EDQUOT of Linux; ERROR_DISK_FULL and ERROR_HANDLE_DISK_FULL of Windows.
    private static readonly int[] FullErrors = [28, 122, unchecked((int)0x80070070), unchecked((int)0x80070027)];

    private readonly string _path;
    private readonly SafeFileHandle _handle;

    public PhysicalFile(string path, bool create)
    {
        _path = path;
        _handle = File.OpenHandle(path, create ? FileMode.CreateNew : FileMode.Open, FileAccess.ReadWrite, FileShare.Read | FileShare.Delete);
    }

    public long Length => RandomAccess.GetLength(_handle);

    public int Read(Span<byte> destination, long offset)
    {
        int done = 0;
        while (done < destination.Length)
        {
            int count = RandomAccess.Read(_handle, destination[done..], offset + done);
            if (count == 0)
            {
                break;
            }

            done += count;
        }

        return done;
    }

    public void Write(ReadOnlySpan<byte> source, long offset)
    {
        try
        {
            RandomAccess.Write(_handle, source, offset);
        }
        catch (IOException error) when (FullErrors.Contains(error.HResult))
        {
            throw new DiskFullException(_path, error);
        }
    }

    public void SetLength(long length) => RandomAccess.SetLength(_handle, length);

    public void Flush() => RandomAccess.FlushToDisk(_handle);

    public void Dispose() => _handle.Dispose();
}
