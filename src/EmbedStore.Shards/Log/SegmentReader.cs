namespace EmbedStore.Shards;

/// <summary>Reads a segment through a window that grows to the largest record. One thread.</summary>
internal sealed class SegmentReader : IDisposable
{
    private const int WindowByteCountMin = 1 << 20;

    private readonly IDiskFile _file;
    private byte[] _window = new byte[WindowByteCountMin];
    private long _start;
    private int _count;

    public SegmentReader(IDiskFile file)
    {
        _file = file;
        Length = file.Length;
    }

    /// <summary>Of the file when it was opened. Unit: bytes.</summary>
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
