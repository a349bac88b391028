using System.Globalization;

namespace EmbedStore.Shards;

/// <summary>What a block of a snapshot holds. Values never change.</summary>
internal enum SnapshotBlockKind : byte
{
    /// <summary>Rows: see <see cref="SnapshotEntry"/>.</summary>
    Rows = 1,

    /// <summary>Rows that are missing, and know why: entries without data and state.</summary>
    GoneRows = 2,

    /// <summary>The newest stamp of each writer: see <see cref="SnapshotWriters"/>.</summary>
    Writers = 3,

    /// <summary>Keys with their row ids, in the order in which they were added: see <see cref="KeyEntry"/>. They come before the rows.</summary>
    Keys = 4,

    /// <summary>One entry: see <see cref="ShardVocabulary.Capture"/>. Absent in older files.</summary>
    Vocabulary = 5,

    /// <summary>Nothing: a file without it is not whole.</summary>
    End = 255,
}

/// <summary>Which snapshot of a shard's folder: two owners may have made one of the same id.</summary>
/// <param name="Id">Rises from snapshot to snapshot of a table.</param>
/// <param name="Epoch">Of the owner that made it, in a folder where owners claim; else 0.</param>
internal readonly record struct SnapshotName(long Id, long Epoch)
{
    public string RowsFile => SnapshotFormat.FileName(this, SnapshotFormat.RowsSuffix);

    public string ManifestFile => SnapshotFormat.FileName(this, SnapshotFormat.ManifestSuffix);
}

/// <summary>Names and sizes of a snapshot's two files: <c>snapshot-17.rows</c>, and <c>snapshot-17.manifest</c>, which exists once the other is whole.</summary>
/// <remarks>
/// The rows file is a head of 64 bytes and blocks: magic u32, kind u8, 3 bytes 0, payload length i32, entries i32, number of the block i32, CRC-32C u32 over all of the block but itself, payload.
/// Little-endian.
/// </remarks>
internal static class SnapshotFormat
{
    public const int Version = 1;
    public const int FileHeadByteCount = 64;
    public const int BlockHeadByteCount = 24;

    public const string RowsSuffix = ".rows";
    public const string ManifestSuffix = ".manifest";

    private const string Prefix = "snapshot-";

    public static string FileName(SnapshotName name, string suffix) => name.Epoch == 0
        ? string.Create(CultureInfo.InvariantCulture, $"{Prefix}{name.Id:D10}{suffix}")
        : string.Create(CultureInfo.InvariantCulture, $"{Prefix}{name.Id:D10}-{name.Epoch:D12}{suffix}");

    /// <summary>The snapshot whose manifest a file is, or null for any other file.</summary>
    public static SnapshotName? NameOfManifest(string file) => NameOf(file, ManifestSuffix);

    /// <summary>The snapshot whose rows a file holds, or null for any other file.</summary>
    public static SnapshotName? NameOfRows(string file) => NameOf(file, RowsSuffix);

    private static SnapshotName? NameOf(string file, string suffix)
    {
        if (!file.StartsWith(Prefix, StringComparison.Ordinal) || !file.EndsWith(suffix, StringComparison.Ordinal) || file.Length < Prefix.Length + suffix.Length)
        {
            return null;
        }

        ReadOnlySpan<char> text = file.AsSpan(Prefix.Length, file.Length - Prefix.Length - suffix.Length);
        int dash = text.IndexOf('-');
        long epoch = 0;
        return long.TryParse(dash < 0 ? text : text[..dash], NumberStyles.None, CultureInfo.InvariantCulture, out long id)
            && (dash < 0 || long.TryParse(text[(dash + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out epoch))
                ? new SnapshotName(id, epoch)
                : null;
    }
}
