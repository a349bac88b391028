namespace EmbedStore.Shards;

/// <summary>Snapshots as files: whoever reads them need not own the shard.</summary>
public static class ShardSnapshots
{
    /// <summary>The snapshots in a shard's folder, newest first. A manifest that is damaged is left out. That their rows are whole is not known.</summary>
    public static IReadOnlyList<SnapshotInfo> List(IDisk disk, string folder)
    {
        var snapshots = new SnapshotFolder(disk, folder);
        var infos = new List<SnapshotInfo>();
        foreach (long id in snapshots.Ids())
        {
            try
            {
                infos.Add(SnapshotInfo.Of(SnapshotManifest.Read(disk, snapshots.ManifestPath(id))));
            }
            catch (ShardDamagedException)
            {
                // Whoever wants just this one is told.
            }
        }

        return infos;
    }
}
