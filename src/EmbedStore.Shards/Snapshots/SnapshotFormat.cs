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

    private const string Prefix = "snapshot-";
    private const string RowsSuffix = ".rows";
    private const string ManifestSuffix = ".manifest";

    public static string RowsName(long id) => string.Create(CultureInfo.InvariantCulture, $"{Prefix}{id:D10}{RowsSuffix}");

    public static string ManifestName(long id) => string.Create(CultureInfo.InvariantCulture, $"{Prefix}{id:D10}{ManifestSuffix}");

    /// <summary>The snapshot whose manifest a file is, or null for any other file.</summary>
    public static long? IdOfManifest(string name) => IdOf(name, ManifestSuffix);

    /// <summary>The snapshot whose rows a file holds, or null for any other file.</summary>
    public static long? IdOfRows(string name) => IdOf(name, RowsSuffix);

    private static long? IdOf(string name, string suffix) =>
        name.StartsWith(Prefix, StringComparison.Ordinal) && name.EndsWith(suffix, StringComparison.Ordinal)
        && long.TryParse(name.AsSpan(Prefix.Length, name.Length - Prefix.Length - suffix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out long id)
            ? id
            : null;
}
