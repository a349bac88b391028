namespace EmbedStore.Shards;

/// <summary>Snapshots as files: whoever reads them need not own the shard.</summary>
public static class ShardSnapshots
{
    /// <summary>The snapshots in a shard's folder, newest first. A manifest that is damaged is left out. That their rows are whole is not known.</summary>
    public static IReadOnlyList<SnapshotInfo> List(IDisk disk, string folder)
    {
        var snapshots = new SnapshotFolder(disk, FolderView.Of(disk, folder));
        var infos = new List<SnapshotInfo>();
        foreach (SnapshotName name in snapshots.Names().DistinctBy(static name => name.Id))
        {
            try
            {
                infos.Add(SnapshotInfo.Of(SnapshotManifest.Read(disk, snapshots.ManifestPath(name))));
            }
            catch (Exception e) when (e is ShardDamagedException or FileNotFoundException or DirectoryNotFoundException)
            {
                // Whoever wants just this one is told. One that is gone was deleted meanwhile.
            }
        }

        return infos;
    }

    /// <summary>Ids of all snapshots in a shard's folder, damaged ones too.</summary>
    public static IReadOnlyList<long> Ids(IDisk disk, string folder) => new SnapshotFolder(disk, FolderView.Of(disk, folder)).Ids();
}
