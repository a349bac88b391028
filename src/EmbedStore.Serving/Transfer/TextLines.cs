using EmbedStore.Tensors;
using Microsoft.Win32.SafeHandles;

namespace EmbedStore.Serving;

/// <summary>A line of a file, without its end.</summary>
/// <param name="Number">Counted from 1.</param>
/// <param name="Offset">Where it begins in the file. Unit: bytes.</param>
/// <param name="Text">Valid until the next line is asked for.</param>
internal readonly record struct TextLine(long Number, long Offset, ReadOnlyMemory<byte> Text);

/// <summary>Lines of a file of any length, through one buffer that is as long as the longest of them.</summary>
internal static class TextLines
{
    private const int FirstBufferByteCount = 256 * 1024;

    /// <exception cref="EmbedStoreException"><see cref="ErrorCode.MalformedBody"/>: a line is longer than <paramref name="lineByteCountMax"/>.</exception>
    public static IEnumerable<TextLine> Read(SafeFileHandle file, int lineByteCountMax)
    {
        byte[] buffer = new byte[FirstBufferByteCount];
        long offset = 0;
        long number = 0;
        int filled = 0;
        while (true)
        {
            int count = RandomAccess.Read(file, buffer.AsSpan(filled), offset + filled);
            filled += count;
            int begin = 0;
            int length;
            while ((length = buffer.AsSpan(begin, filled - begin).IndexOf((byte)'\n')) >= 0)
            {
                yield return new TextLine(++number, offset + begin, Trim(buffer.AsMemory(begin, length)));
                begin += length + 1;
            }

            if (count == 0)
            {
                if (filled > begin)
                {
                    yield return new TextLine(++number, offset + begin, Trim(buffer.AsMemory(begin, filled - begin)));
                }

                yield break;
            }

            buffer.AsSpan(begin, filled - begin).CopyTo(buffer);
            (offset, filled) = (offset + begin, filled - begin);
            if (filled == buffer.Length)
            {
                RequireLength(buffer.Length, lineByteCountMax, number + 1, offset);
                Array.Resize(ref buffer, buffer.Length * 2);
            }
        }
    }

    private static ReadOnlyMemory<byte> Trim(ReadOnlyMemory<byte> line) => line.Span is [.., (byte)'\r'] ? line[..^1] : line;

    private static void RequireLength(int length, int max, long number, long offset)
    {
        if (length >= max)
        {
            throw new EmbedStoreException(
                ErrorCode.MalformedBody, FormattableString.Invariant($"Line {number} is longer than {max} bytes."), new Fact("offset", offset), new Fact("line", number));
        }
    }
}

/// <summary>The words of a line, separated by blanks and tabs.</summary>
internal ref struct TextWords(ReadOnlySpan<byte> line)
{
    private readonly ReadOnlySpan<byte> _line = line;
    private int _at;

    /// <param name="word">The next word.</param>
    /// <param name="at">Where it begins in the line. Unit: bytes.</param>
    /// <returns>False at the end of the line.</returns>
    public bool TryNext(out ReadOnlySpan<byte> word, out int at)
    {
        while (_at < _line.Length && _line[_at] is (byte)' ' or (byte)'\t')
        {
            _at++;
        }

        at = _at;
        int length = _line[_at..].IndexOfAny((byte)' ', (byte)'\t');
        word = length < 0 ? _line[_at..] : _line.Slice(_at, length);
        _at += word.Length;
        return word.Length > 0;
    }
}
