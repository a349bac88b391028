using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using EmbedStore.Shards;
using EmbedStore.Tensors;

namespace EmbedStore.Serving;

/// <summary>The catalog on disk: a folder for each table, and in it a <c>table.json</c> whose presence is the table's existence.</summary>
/// <remarks>
/// <para><c>format.json</c> carries the version of everything below it. <c>tables/000042/table.json</c> carries name and spec; beside it lie the shards.
/// A folder without the file is a creation or a drop that a crash cut short, and is cleared at the next start.</para>
/// <para>One owner at a time: the server's lock on the data folder sees to it. Not thread-safe.</para>
/// </remarks>
internal sealed class CatalogFolder
{
    private const int FormatVersion = 1;
    private const string TableFile = "table.json";

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    private readonly IDisk _disk;
    private readonly string _folder;
    private long _nextId = 1;

    private CatalogFolder(IDisk disk, string folder)
    {
        _disk = disk;
        _folder = Path.Combine(folder, "tables");
    }

    /// <summary>Opens or makes the catalog of a data folder.</summary>
    /// <exception cref="CatalogException">The folder was written by a newer version, or a file of it cannot be read. Nothing was changed.</exception>
    public static CatalogFolder Open(IDisk disk, string dataFolder)
    {
        string formatFile = Path.Combine(dataFolder, "format.json");
        var catalog = new CatalogFolder(disk, dataFolder);
        if (File.Exists(formatFile))
        {
            RequireFormat(formatFile);
        }
        else
        {
            catalog.WriteAtomically(formatFile, new JsonObject { ["format"] = FormatVersion });
        }

        disk.CreateFolder(catalog._folder);
        disk.FlushFolder(dataFolder);
        return catalog;
    }

    /// <summary>Every table, after leftovers were cleared.</summary>
    /// <exception cref="CatalogException">A table's file cannot be read.</exception>
    public IReadOnlyList<(long Id, string Name, TableSpec Spec)> Load()
    {
        var tables = new List<(long, string, TableSpec)>();
        foreach (string path in Directory.GetDirectories(_folder).Order(StringComparer.Ordinal))
        {
            if (!long.TryParse(Path.GetFileName(path), out long id))
            {
                throw new CatalogException($"{path} is no table's folder.");
            }

            _nextId = Math.Max(_nextId, id + 1);
            string file = Path.Combine(path, TableFile);
            if (File.Exists(file))
            {
                (string name, TableSpec spec) = Read(file);
                tables.Add((id, name, spec));
            }
            else
            {
                _disk.DeleteFolder(path);
            }
        }

        return tables;
    }

    /// <summary>Makes a table exist.</summary>
    /// <returns>Its number. Another table gets it at the earliest after this one was cleared and the server was restarted.</returns>
    public long Add(string name, TableSpec spec)
    {
        long id = _nextId++;
        string folder = FolderOf(id);
        _disk.CreateFolder(folder);
        _disk.FlushFolder(_folder);
        WriteAtomically(Path.Combine(folder, TableFile), new JsonObject { ["name"] = name, ["spec"] = TableSpecJson.Write(spec) });
        return id;
    }

    /// <summary>Ends a table's existence; its files may still be there.</summary>
    public void Remove(long id)
    {
        _disk.Delete(Path.Combine(FolderOf(id), TableFile));
        _disk.FlushFolder(FolderOf(id));
    }

    /// <summary>Deletes what is left of a removed table.</summary>
    public void Clear(long id) => _disk.DeleteFolder(FolderOf(id));

    /// <summary>Where a table's shards live.</summary>
    public string FolderOf(long id) => Path.Combine(_folder, id.ToString("D6", System.Globalization.CultureInfo.InvariantCulture));

    private static void RequireFormat(string file)
    {
        long version;
        try
        {
            version = (long)JsonNode.Parse(File.ReadAllBytes(file))!["format"]!;
        }
        catch (Exception e) when (e is JsonException or NullReferenceException or FormatException or InvalidOperationException)
        {
            throw new CatalogException($"{file} is damaged: {e.Message}");
        }

        if (version != FormatVersion)
        {
            throw new CatalogException(FormattableString.Invariant($"{file} says format {version}; this server reads format {FormatVersion}. The folder was left as it is."));
        }
    }

    private static (string Name, TableSpec Spec) Read(string file)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(file));
            string name = json.RootElement.GetProperty("name").GetString() ?? "";
            TableName.Require(name);
            return (name, TableSpecJson.Read(SpecReader.FieldsOf(json.RootElement.GetProperty("spec"), ""), shardCountDefault: 1));
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or EmbedStoreException)
        {
            throw new CatalogException($"{file} is damaged: {e.Message}");
        }
    }

    private void WriteAtomically(string path, JsonObject content) =>
        AtomicFile.Write(_disk, path, Encoding.UTF8.GetBytes(content.ToJsonString(Indented) + "\n"));
}
