namespace EmbedStore.Shards;

/// <summary>Which files of a shard's folder count, and how far: those that the newest take-over names, and those of the owner that took over. All others came too late.</summary>
/// <remarks>In a folder that was never claimed, all files count. Reads the folder at each call.</remarks>
internal sealed class FolderView
{
    private readonly IDisk _disk;
    private readonly Dictionary<string, long> _sealedByteCounts;

    /// <param name="disk">Where the folder is.</param>
    /// <param name="folder">Of the shard.</param>
    /// <param name="takeOver">Null: the folder was never claimed.</param>
    public FolderView(IDisk disk, string folder, TakeOverRecord? takeOver)
    {
        (_disk, Folder, TakeOver) = (disk, folder, takeOver);
        _sealedByteCounts = (takeOver?.Segments ?? []).ToDictionary(static segment => segment.Name, static segment => segment.ByteCount, StringComparer.Ordinal);
    }

    /// <summary>Of the shard.</summary>
    public string Folder { get; }

    /// <summary>Null in a folder that was never claimed.</summary>
    public TakeOverRecord? TakeOver { get; }

    /// <summary>Of the owner whose files count without being named, and stands in their names; 0 in a folder that was never claimed.</summary>
    public long Epoch => TakeOver?.Epoch ?? 0;

    /// <summary>As the newest take-over leaves the folder.</summary>
    public static FolderView Of(IDisk disk, string folder) => new(disk, folder, TakeOverRecord.Newest(disk, folder));

    /// <summary>The segments of the log, oldest first.</summary>
    public List<string> SegmentNames()
    {
        List<string> names = [.. _disk.FileNames(Folder).Where(LogFormat.IsSegmentName)];
        HashSet<string> existing = names.ToHashSet(StringComparer.Ordinal);
        return [.. (TakeOver?.Segments ?? []).Select(static segment => segment.Name).Where(existing.Contains), .. names.Where(name => LogFormat.EpochOf(name) == Epoch && !IsSealed(name))];
    }

    /// <summary>Whether the segment has an end that does not move.</summary>
    public bool IsSealed(string segment) => _sealedByteCounts.ContainsKey(segment);

    /// <summary>What counts of a segment at the most. Unit: bytes.</summary>
    public long ByteCountMax(string segment) => _sealedByteCounts.GetValueOrDefault(segment, long.MaxValue);

    /// <summary>Snapshots that have a manifest, newest first. Whether they are whole is not known.</summary>
    public IReadOnlyList<SnapshotName> Snapshots() =>
        [.. _disk.FileNames(Folder).Select(SnapshotFormat.NameOfManifest).OfType<SnapshotName>().Where(Counts).OrderByDescending(static name => name.Id).ThenByDescending(static name => name.Epoch)];

    private bool Counts(SnapshotName name) => name.Epoch == Epoch || (TakeOver?.Snapshots.Contains(name) ?? false);
}
