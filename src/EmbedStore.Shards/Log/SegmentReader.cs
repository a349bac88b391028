namespace EmbedStore.Shards;

/// <summary>Reads a segment through a window that grows to the largest record. One thread.</summary>
internal sealed class SegmentReader : IDisposable
{
    private const int WindowByteCountMin = 1 << 20;

    private readonly IDiskFile _file;
    private byte[] _window = new byte[WindowByteCountMin];
    private long _start;
    private int _count;

    /// <param name="file">Closed with the reader.</param>
    /// <param name="byteCountMax">What counts of the file. Unit: bytes.</param>
    public SegmentReader(IDiskFile file, long byteCountMax = long.MaxValue)
    {
        _file = file;
        Length = Math.Min(file.Length, byteCountMax);
    }

    /// <summary>What is read.</summary>
    public IDiskFile File => _file;

    /// <summary>Of what counts of the file, as it was when it was opened. Unit: bytes.</summary>
    public long Length { get; }

    /// <summary>Bytes from <paramref name="offset"/> on: as many as asked for, or up to the end of the file. Valid until the next call.</summary>
    public ReadOnlySpan<byte> At(long offset, int byteCount)
    {
        byteCount = (int)Math.Min(byteCount, Length - offset);
        if (offset < _start || offset + byteCount > _start + _count)
        {
            Move(offset, byteCount);
        }

        return _window.AsSpan((int)(offset - _start), byteCount);
    }

    public void Dispose() => _file.Dispose();

    private void Move(long offset, int byteCount)
    {
        if (byteCount > _window.Length)
        {
            _window = new byte[byteCount];
        }

        _start = offset;
        _count = _file.Read(_window.AsSpan(0, (int)Math.Min(_window.Length, Length - offset)), offset);
        if (_count < byteCount)
        {
            throw new IOException("A file became shorter while it was read.");
        }
    }
}
