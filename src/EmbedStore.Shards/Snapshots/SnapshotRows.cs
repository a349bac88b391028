namespace EmbedStore.Shards;

/// <summary>Rows on their way into a snapshot.</summary>
internal static class SnapshotRows
{
    /// <summary>Appends a row; of a missing one, only what is known of it.</summary>
    public static void Write(SnapshotWriter target, ScannedRow row)
    {
        bool isGone = RowImage.IsGone(row.Image.Span);
        int imageByteCount = isGone ? RowImage.DataOffset : row.Image.Length;
        Span<byte> entry = target.Reserve(isGone ? SnapshotBlockKind.GoneRows : SnapshotBlockKind.Rows, SnapshotEntry.ByteCount(imageByteCount));
        SnapshotEntry.Write(row.RowId, row.Image.Span, entry);
    }
}
