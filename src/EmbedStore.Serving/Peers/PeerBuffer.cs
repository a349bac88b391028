using System.Buffers;

namespace EmbedStore.Serving;

/// <summary>A message between servers in rented memory: written from its beginning, sent or read, and given back.</summary>
/// <remarks>Not thread-safe. Little-endian, like every machine that this runs on.</remarks>
public sealed class PeerBuffer : IDisposable
{
    private byte[] _bytes;

    /// <param name="byteCount">Its size at the beginning; it grows when it is written to.</param>
    public PeerBuffer(int byteCount) => _bytes = ArrayPool<byte>.Shared.Rent(byteCount);

    /// <summary>Bytes that were written.</summary>
    public int Length { get; private set; }

    /// <summary>The message.</summary>
    public Memory<byte> Memory => _bytes.AsMemory(0, Length);

    /// <summary>Room behind what was written, which counts as written from now on. What it holds means nothing yet.</summary>
    public Span<byte> Append(int byteCount)
    {
        int begin = Length;
        int end = checked(begin + byteCount);
        if (end > _bytes.Length)
        {
            byte[] larger = ArrayPool<byte>.Shared.Rent((int)Math.Min(Math.Max((long)end, _bytes.Length * 2L), Array.MaxLength));
            Memory.CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_bytes);
            _bytes = larger;
        }

        Length = end;
        return _bytes.AsSpan(begin, byteCount);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_bytes.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_bytes);
            (_bytes, Length) = ([], 0);
        }
    }
}
