using EmbedStore.Shards;

namespace EmbedStore.Serving;

/// <summary>The snapshots of a table, read from the manifests in its shards' folders: there is no further list that could differ from them.</summary>
internal static class SnapshotCatalog
{
    /// <summary>Snapshots that every shard has, newest first.</summary>
    public static IReadOnlyList<TableSnapshot> List(IDisk disk, TableFolders folders) =>
        [.. folders.Generations.SelectMany(generation => OfGeneration(disk, folders, generation)).OrderByDescending(static snapshot => snapshot.Id)];

    /// <summary>Higher than the id of every snapshot, also of those that not every shard has, and of damaged ones.</summary>
    public static long NextId(IDisk disk, TableFolders folders) => 1 + folders.Generations
        .SelectMany(folders.ShardFolders)
        .SelectMany(folder => ShardSnapshots.Ids(disk, folder))
        .DefaultIfEmpty()
        .Max();

    /// <summary>Deletes the generations before a table's own in which none of the newest snapshots lies.</summary>
    /// <param name="disk">Of the folders.</param>
    /// <param name="folders">Of the table.</param>
    /// <param name="current">The table's generation.</param>
    /// <param name="keptCount">Snapshots that are kept.</param>
    public static void DeleteOldGenerations(IDisk disk, TableFolders folders, int current, int keptCount)
    {
        HashSet<int> kept = [current, .. List(disk, folders).Take(keptCount).Select(static snapshot => snapshot.Generation)];
        foreach (int generation in folders.Generations.Where(generation => generation < current && !kept.Contains(generation)))
        {
            folders.Delete(generation);
        }
    }

    private static IEnumerable<TableSnapshot> OfGeneration(IDisk disk, TableFolders folders, int generation)
    {
        IReadOnlyList<string> shards = folders.ShardFolders(generation);
        return shards
            .SelectMany(folder => ShardSnapshots.List(disk, folder))
            .GroupBy(static snapshot => snapshot.Id)
            .Where(parts => parts.Count() == shards.Count)
            .Select(parts => new TableSnapshot(
                parts.Key,
                parts.Max(static part => part.Version),
                parts.Sum(static part => part.RowCount),
                parts.Sum(static part => part.ByteCount),
                shards.Count,
                parts.Max(static part => part.CreatedAt),
                parts.First().RestoredFrom,
                generation));
    }
}
