namespace EmbedStore.Shards;

/// <summary>Deletes what earlier owners left and nobody needs.</summary>
internal static class FolderCleaner
{
    /// <summary>Deletes the files of earlier owners that do not count.</summary>
    /// <param name="disk">Where the folder is.</param>
    /// <param name="view">Of an owner whose take-over is on stable storage, and that was the owner after that: so every later owner starts from this view, and what does not count here never will.</param>
    /// <remarks>Files of this owner and of later ones are not touched: it may be one that slept.</remarks>
    public static void Clean(IDisk disk, FolderView view)
    {
        HashSet<string> segments = view.SegmentNames().ToHashSet(StringComparer.Ordinal);
        HashSet<SnapshotName> snapshots = [.. view.Snapshots()];
        foreach (string name in disk.FileNames(view.Folder).Where(name => !Counts(name)))
        {
            disk.Delete(Path.Combine(view.Folder, name));
        }

        bool Counts(string name)
        {
            bool isUnfinished = name.EndsWith(AtomicFile.UnfinishedSuffix, StringComparison.Ordinal);
            string finished = isUnfinished ? name[..^AtomicFile.UnfinishedSuffix.Length] : name;
            return (SnapshotFormat.NameOfManifest(finished) ?? SnapshotFormat.NameOfRows(finished)) is { } snapshot
                    ? snapshot.Epoch >= view.Epoch || (!isUnfinished && snapshots.Contains(snapshot))
                : LogFormat.IsSegmentName(name) ? segments.Contains(name) || LogFormat.EpochOf(name) >= view.Epoch
                : TakeOverRecord.EpochOf(finished) is { } takeOver ? takeOver >= view.Epoch
                : OwnerClaims.EpochOf(name) is { } claim ? claim > view.Epoch - OwnerClaims.KeptCount
                : !isUnfinished && name != OwnerRecord.FileName;
        }
    }
}
