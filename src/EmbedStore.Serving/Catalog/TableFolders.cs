using System.Globalization;
using EmbedStore.Shards;

namespace EmbedStore.Serving;

/// <summary>Where the shards of one table lie.</summary>
internal sealed class TableFolders(IDisk disk, CatalogFolder catalog, long id, string scratch)
{
    /// <summary>What lasts of a shard.</summary>
    public string ShardFolder(int generation, int shard) => Path.Combine(catalog.FolderOf(id, generation), ShardName(shard));

    /// <summary>What a shard may lose.</summary>
    public string ScratchFolder(int generation, int shard) => Path.Combine(scratch, Path.GetFileName(catalog.FolderOf(id, generation)), ShardName(shard));

    /// <summary>Scratch of a restore.</summary>
    public string RestoreScratchFolder => Path.Combine(scratch, "restore");

    /// <summary>The generations that have files, rising.</summary>
    public IReadOnlyList<int> Generations => catalog.GenerationsOf(id);

    /// <summary>The folders of all shards of a generation, by number.</summary>
    public IReadOnlyList<string> ShardFolders(int generation)
    {
        string folder = catalog.FolderOf(id, generation);
        return Directory.Exists(folder) ? [.. Directory.GetDirectories(folder).Order(StringComparer.Ordinal)] : [];
    }

    /// <summary>Makes the folder of a generation.</summary>
    public void Create(int generation)
    {
        disk.CreateFolder(catalog.FolderOf(id, generation));
        disk.FlushFolder(catalog.FolderOf(id));
    }

    /// <summary>Deletes a generation with all its shards.</summary>
    public void Delete(int generation) => disk.DeleteFolder(catalog.FolderOf(id, generation));

    private static string ShardName(int shard) => string.Create(CultureInfo.InvariantCulture, $"shard-{shard:D4}");
}
