using System.Globalization;
using System.Text;

namespace EmbedStore.Shards;

/// <summary>The last line of a text file that people may read and nobody may change unseen: CRC-32C of all before it.</summary>
public static class ChecksumLine
{
    private const string Prefix = "crc32c ";
    private const int Length = 16;

    /// <summary>The text with its line.</summary>
    public static byte[] Append(ReadOnlySpan<byte> text) => [.. text, .. Encoding.ASCII.GetBytes(Of(text))];

    /// <summary>The text of a file.</summary>
    /// <param name="file">All bytes of it.</param>
    /// <param name="text">Without the line; the file when this fails.</param>
    /// <returns>False when the file is not what was written.</returns>
    public static bool TryRemove(ReadOnlyMemory<byte> file, out ReadOnlyMemory<byte> text)
    {
        text = file;
        if (file.Length < Length)
        {
            return false;
        }

        ReadOnlyMemory<byte> before = file[..^Length];
        if (Encoding.ASCII.GetString(file.Span[^Length..]) != Of(before.Span))
        {
            return false;
        }

        text = before;
        return true;
    }

    private static string Of(ReadOnlySpan<byte> text) => string.Create(CultureInfo.InvariantCulture, $"{Prefix}{Crc32C.Append(0, text):x8}\n");
}
