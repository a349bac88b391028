using Microsoft.Win32.SafeHandles;

namespace EmbedStore.Shards;

internal sealed class PhysicalFile : IDiskFile
{
    private readonly string _path;
    private readonly SafeFileHandle _handle;

    public PhysicalFile(string path, bool create)
    {
        _path = path;
        try
        {
            _handle = File.OpenHandle(path, create ? FileMode.CreateNew : FileMode.Open, FileAccess.ReadWrite, FileShare.Read | FileShare.Delete);
        }
        catch (IOException error) when (FullDisk.IsMeantBy(error))
        {
            throw new DiskFullException(path, error);
        }
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
        catch (IOException error) when (FullDisk.IsMeantBy(error))
        {
            throw new DiskFullException(_path, error);
        }
    }

    public void SetLength(long length) => RandomAccess.SetLength(_handle, length);

    public void Flush() => RandomAccess.FlushToDisk(_handle);

    public void Dispose() => _handle.Dispose();
}
