namespace EmbedStore.Shards;

/// <summary>The snapshots in a shard's folder.</summary>
internal sealed class SnapshotFolder(IDisk disk, FolderView view)
{
    /// <summary>Of the shard.</summary>
    public string Path => view.Folder;

    /// <summary>Snapshots that have a manifest, newest first. Whether they are whole is not known.</summary>
    public IReadOnlyList<SnapshotName> Names() => view.Snapshots();

    /// <summary>Ids of the snapshots that have a manifest, newest first.</summary>
    public IReadOnlyList<long> Ids() => [.. Names().Select(static name => name.Id).Distinct()];

    /// <summary>The name of a snapshot that the owner makes.</summary>
    public SnapshotName OwnName(long id) => new(id, view.Epoch);

    /// <summary>The snapshot of an id; when two owners made one, the later owner's. When there is none, as one of the owner would be called.</summary>
    public SnapshotName Find(long id) => Names().Where(name => name.Id == id).FirstOrDefault(OwnName(id));

    public string ManifestPath(SnapshotName name) => System.IO.Path.Combine(view.Folder, name.ManifestFile);

    public string RowsPath(SnapshotName name) => System.IO.Path.Combine(view.Folder, name.RowsFile);

    /// <summary>What a snapshot of this shard says of itself.</summary>
    /// <exception cref="ShardDamagedException">Its manifest is not what was written, or not this shard's.</exception>
    public SnapshotManifest ManifestOf(SnapshotName name, Guid identity)
    {
        SnapshotManifest manifest = SnapshotManifest.Read(disk, ManifestPath(name));
        return manifest.Id == name.Id && manifest.Shard == identity
            ? manifest
            : throw new ShardDamagedException(ManifestPath(name), 0, "it is the manifest of another snapshot.");
    }

    /// <summary>Opens the rows of a snapshot.</summary>
    /// <exception cref="ShardDamagedException">They are not what was written.</exception>
    public SnapshotReader Open(SnapshotName name, SnapshotManifest manifest) => new(disk, RowsPath(name), manifest);

    /// <summary>Reads all of a snapshot again.</summary>
    /// <param name="name">Of the snapshot.</param>
    /// <param name="manifest">Of the snapshot.</param>
    /// <param name="afterBlock">May rest, or end it by an exception.</param>
    /// <exception cref="ShardDamagedException">It is not what was written.</exception>
    public void Verify(SnapshotName name, SnapshotManifest manifest, Action afterBlock)
    {
        using SnapshotReader reader = Open(name, manifest);
        while (reader.TryNext())
        {
            afterBlock();
        }

        reader.RequireChecksum(manifest);
    }

    /// <summary>Deletes a snapshot, or what there is of it.</summary>
    public void Delete(SnapshotName name)
    {
        // Without its manifest a snapshot does not exist; so that goes first, and for good.
        disk.Delete(ManifestPath(name));
        disk.FlushFolder(view.Folder);
        disk.Delete(RowsPath(name));
    }

    /// <summary>Deletes what a crash left unfinished. The owner of a folder that was never claimed calls it, while no snapshot is written.</summary>
    public void DeleteUnfinished()
    {
        IReadOnlyList<string> names = disk.FileNames(view.Folder);
        HashSet<SnapshotName> whole = [.. Names()];
        foreach (string name in names)
        {
            bool isUnfinished = SnapshotFormat.NameOfRows(name) is { } rows && !whole.Contains(rows);
            if (isUnfinished || name.EndsWith(AtomicFile.UnfinishedSuffix, StringComparison.Ordinal))
            {
                disk.Delete(System.IO.Path.Combine(view.Folder, name));
            }
        }
    }
}
