namespace EmbedStore.Shards;

/// <summary>The snapshots in a shard's folder.</summary>
internal sealed class SnapshotFolder(IDisk disk, string folder)
{
    /// <summary>Of the shard.</summary>
    public string Path => folder;

    /// <summary>Ids of the snapshots that have a manifest, newest first. Whether they are whole is not known.</summary>
    public IReadOnlyList<long> Ids() =>
        [.. disk.FileNames(folder).Select(SnapshotFormat.IdOfManifest).OfType<long>().OrderDescending()];

    public string ManifestPath(long id) => System.IO.Path.Combine(folder, SnapshotFormat.ManifestName(id));

    public string RowsPath(long id) => System.IO.Path.Combine(folder, SnapshotFormat.RowsName(id));

    /// <summary>What a snapshot of this shard says of itself.</summary>
    /// <exception cref="ShardDamagedException">Its manifest is not what was written, or not this shard's.</exception>
    public SnapshotManifest ManifestOf(long id, Guid identity)
    {
        SnapshotManifest manifest = SnapshotManifest.Read(disk, ManifestPath(id));
        return manifest.Id == id && manifest.Shard == identity
            ? manifest
            : throw new ShardDamagedException(ManifestPath(id), 0, "it is the manifest of another snapshot.");
    }

    /// <summary>Opens the rows of a snapshot.</summary>
    /// <exception cref="ShardDamagedException">They are not what was written.</exception>
    public SnapshotReader Open(SnapshotManifest manifest) => new(disk, RowsPath(manifest.Id), manifest);

    /// <summary>Reads all of a snapshot again.</summary>
    /// <param name="manifest">Of the snapshot.</param>
    /// <param name="afterBlock">May rest, or end it by an exception.</param>
    /// <exception cref="ShardDamagedException">It is not what was written.</exception>
    public void Verify(SnapshotManifest manifest, Action afterBlock)
    {
        using SnapshotReader reader = Open(manifest);
        while (reader.TryNext())
        {
            afterBlock();
        }

        reader.RequireChecksum(manifest);
    }

    /// <summary>Deletes a snapshot, or what there is of it.</summary>
    public void Delete(long id)
    {
        // Without its manifest a snapshot does not exist; so that goes first, and for good.
        disk.Delete(ManifestPath(id));
        disk.FlushFolder(folder);
        disk.Delete(RowsPath(id));
    }

    /// <summary>Deletes what a crash left unfinished. The shard's owner calls it, while no snapshot is written.</summary>
    public void DeleteUnfinished()
    {
        IReadOnlyList<string> names = disk.FileNames(folder);
        HashSet<long> ids = [.. Ids()];
        foreach (string name in names)
        {
            bool isUnfinished = SnapshotFormat.IdOfRows(name) is { } id && !ids.Contains(id);
            if (isUnfinished || name.EndsWith(AtomicFile.UnfinishedSuffix, StringComparison.Ordinal))
            {
                disk.Delete(System.IO.Path.Combine(folder, name));
            }
        }
    }
}
