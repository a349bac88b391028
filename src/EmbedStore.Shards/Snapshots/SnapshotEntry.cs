using System.Buffers.Binary;

namespace EmbedStore.Shards;

/// <summary>A row in a snapshot: its id, then its image without the sequence word, which means nothing on disk. A missing row's image ends behind the header.</summary>
internal static class SnapshotEntry
{
    private const int ImageOffset = sizeof(long);

    /// <summary>Unit: bytes.</summary>
    /// <param name="imageByteCount">Of the row store's images.</param>
    public static int ByteCount(int imageByteCount) => ImageOffset + imageByteCount - RowImage.LsnOffset;

    public static long RowId(ReadOnlySpan<byte> entry) => BinaryPrimitives.ReadInt64LittleEndian(entry);

    public static long Lsn(ReadOnlySpan<byte> entry) => BinaryPrimitives.ReadInt64LittleEndian(entry[ImageOffset..]);

    public static void Write(long rowId, ReadOnlySpan<byte> image, Span<byte> entry)
    {
        BinaryPrimitives.WriteInt64LittleEndian(entry, rowId);
        image[RowImage.LsnOffset..(RowImage.LsnOffset + entry.Length - ImageOffset)].CopyTo(entry[ImageOffset..]);
    }

    /// <param name="entry">Of a whole row, or of a missing one: the rest of the image is then zero.</param>
    /// <param name="image">Filled.</param>
    public static void CopyImage(ReadOnlySpan<byte> entry, Span<byte> image)
    {
        image.Clear();
        entry[ImageOffset..].CopyTo(image[RowImage.LsnOffset..]);
    }
}
