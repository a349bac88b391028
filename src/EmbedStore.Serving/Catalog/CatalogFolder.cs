using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using EmbedStore.Shards;
using EmbedStore.Tensors;

namespace EmbedStore.Serving;

/// <summary>The catalog on disk: a folder for each table, and in it a <c>table.json</c> whose presence is the table's existence.</summary>
/// <remarks>
/// <para><c>format.json</c> carries the version of everything below it. <c>tables/000042/table.json</c> carries name, spec and generation: the shards lie in
/// <c>tables/000042/generation-0001</c>, and a restore begins the next generation. A table's folder without the file is a creation or a drop that a crash cut short, a generation beyond
/// the table's a restore; both are cleared at the next start. Generations before it stay as long as a snapshot in them is kept.</para>
/// <para>One owner at a time: the server's lock on the data folder sees to it. Not thread-safe.</para>
/// </remarks>
internal sealed class CatalogFolder
{
    private const int FormatVersion = 1;
    private const string TableFile = "table.json";
    private const string GenerationPrefix = "generation-";

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    private readonly IDisk _disk;
    private readonly string _folder;
    private readonly string _stampFile;
    private long _nextId = 1;

    private CatalogFolder(IDisk disk, string folder)
    {
        _disk = disk;
        _folder = Path.Combine(folder, "tables");
        _stampFile = Path.Combine(folder, "changes.json");
    }

    /// <summary>Opens or makes the catalog of a data folder.</summary>
    /// <exception cref="CatalogException">The folder was written by a newer version, or a file of it cannot be read. Nothing was changed.</exception>
    public static CatalogFolder Open(IDisk disk, string dataFolder)
    {
        string formatFile = Path.Combine(dataFolder, "format.json");
        var catalog = new CatalogFolder(disk, dataFolder);
        if (!File.Exists(formatFile))
        {
            catalog.BeginFormat(formatFile);
        }

        RequireFormat(formatFile);

        disk.CreateFolder(catalog._folder);
        disk.FlushFolder(dataFolder);
        return catalog;
    }

    /// <summary>Changes with every change of the catalog, by whomever; 0 before the first.</summary>
    /// <exception cref="CatalogException">The file cannot be read.</exception>
    public long Stamp
    {
        get
        {
            try
            {
                return File.Exists(_stampFile) ? (long)JsonNode.Parse(TextOf(_stampFile).Span)!["stamp"]! : 0;
            }
            catch (Exception e) when (e is JsonException or NullReferenceException or FormatException or InvalidOperationException)
            {
                throw new CatalogException($"{_stampFile} is damaged: {e.Message}");
            }
        }
    }

    /// <summary>Says that the catalog has changed.</summary>
    /// <returns>The new stamp.</returns>
    public long NextStamp()
    {
        long stamp = Stamp + 1;
        WriteAtomically(_stampFile, new JsonObject { ["stamp"] = stamp });
        return stamp;
    }

    /// <summary>Every table.</summary>
    /// <param name="clears">Whether leftovers are cleared first. Not while another server may be at work in the folder.</param>
    /// <exception cref="CatalogException">A table's file cannot be read.</exception>
    public IReadOnlyList<StoredTable> Load(bool clears)
    {
        var tables = new List<StoredTable>();
        foreach (string path in Directory.GetDirectories(_folder).Order(StringComparer.Ordinal))
        {
            if (!long.TryParse(Path.GetFileName(path), out long id))
            {
                throw new CatalogException($"{path} is no table's folder.");
            }

            _nextId = Math.Max(_nextId, id + 1);
            string file = Path.Combine(path, TableFile);
            if (File.Exists(file) && TryRead(id, file, mayVanish: !clears) is { } table)
            {
                RequireGeneration(table);
                tables.Add(table);
                if (clears)
                {
                    DeleteUnfinished(table);
                }
            }
            else if (clears)
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
        long id = _nextId;
        string folder = FolderOf(id);
        _disk.CreateFolder(folder);
        _disk.FlushFolder(_folder);
        Write(new StoredTable(id, name, spec, Generation: 1, VersionMin: 0));

        // After a failure the next table gets the number, and with it what lies in the folder: so no name is there twice.
        _nextId = id + 1;
        return id;
    }

    /// <summary>Replaces what is known of a table, at once or not at all.</summary>
    public void Write(StoredTable table) => WriteAtomically(
        Path.Combine(FolderOf(table.Id), TableFile),
        new JsonObject { ["name"] = table.Name, ["generation"] = table.Generation, ["version_min"] = table.VersionMin, ["spec"] = TableSpecJson.Write(table.Spec) });

    /// <summary>Ends a table's existence; its files may still be there.</summary>
    public void Remove(long id)
    {
        _disk.Delete(Path.Combine(FolderOf(id), TableFile));
        _disk.FlushFolder(FolderOf(id));
    }

    /// <summary>Deletes what is left of a removed table.</summary>
    public void Clear(long id) => _disk.DeleteFolder(FolderOf(id));

    /// <summary>Where a table's files live.</summary>
    public string FolderOf(long id) => Path.Combine(_folder, id.ToString("D6", CultureInfo.InvariantCulture));

    /// <summary>Where the shards of one generation of a table live.</summary>
    public string FolderOf(long id, int generation) => Path.Combine(FolderOf(id), string.Create(CultureInfo.InvariantCulture, $"{GenerationPrefix}{generation:D4}"));

    /// <summary>The generations of a table that have a folder, rising.</summary>
    public IReadOnlyList<int> GenerationsOf(long id) => [.. Directory.GetDirectories(FolderOf(id))
        .Select(static path => Path.GetFileName(path))
        .Where(static name => name.StartsWith(GenerationPrefix, StringComparison.Ordinal))
        .Select(static name => int.TryParse(name.AsSpan(GenerationPrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int generation) ? generation : 0)
        .Where(static generation => generation > 0)
        .Order()];

    private void BeginFormat(string file)
    {
        try
        {
            WriteAtomically(file, new JsonObject { ["format"] = FormatVersion });
        }
        catch (IOException) when (File.Exists(file))
        {
            // Another server that shares the folder was faster.
        }
    }

    /// <summary>The first generation's folder comes with the first write; a later one is there before the table names it.</summary>
    private void RequireGeneration(StoredTable table)
    {
        string folder = FolderOf(table.Id, table.Generation);
        if (table.Generation > 1 && !Directory.Exists(folder))
        {
            throw new CatalogException($"{folder} is missing, and table \"{table.Name}\" has its rows there.");
        }
    }

    private void DeleteUnfinished(StoredTable table)
    {
        foreach (int generation in GenerationsOf(table.Id).Where(generation => generation > table.Generation))
        {
            _disk.DeleteFolder(FolderOf(table.Id, generation));
        }
    }

    private static void RequireFormat(string file)
    {
        long version;
        try
        {
            version = (long)JsonNode.Parse(TextOf(file).Span)!["format"]!;
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

    private static StoredTable? TryRead(long id, string file, bool mayVanish)
    {
        try
        {
            return Read(id, file);
        }
        catch (Exception e) when (mayVanish && e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    private static StoredTable Read(long id, string file)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(TextOf(file));
            string name = json.RootElement.GetProperty("name").GetString() ?? "";
            TableName.Require(name);
            TableSpec spec = TableSpecJson.Read(SpecReader.FieldsOf(json.RootElement.GetProperty("spec"), ""), shardCountDefault: 1);
            long versionMin = json.RootElement.TryGetProperty("version_min", out JsonElement version) ? version.GetInt64() : 0;
            return new StoredTable(id, name, spec, json.RootElement.GetProperty("generation").GetInt32(), versionMin);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or EmbedStoreException)
        {
            throw new CatalogException($"{file} is damaged: {e.Message}");
        }
    }

    private void WriteAtomically(string path, JsonObject content) =>
        AtomicFile.Write(_disk, path, ChecksumLine.Append(Encoding.UTF8.GetBytes(content.ToJsonString(Indented) + "\n")));

    /// <summary>What a file says. It ends with its checksum, because a table's size with one digit changed is a size too, and rows would be looked for where they are not.</summary>
    /// <remarks>A file without that line is read as it is; one whose line is wrong is no JSON.</remarks>
    private static ReadOnlyMemory<byte> TextOf(string file)
    {
        ChecksumLine.TryRemove(File.ReadAllBytes(file), out ReadOnlyMemory<byte> text);
        return text;
    }
}

/// <summary>A table as the catalog keeps it.</summary>
/// <param name="Id">Number of its folder.</param>
/// <param name="Name">In the API.</param>
/// <param name="Spec">What its creator said, with the number of shards that the last restore gave it.</param>
/// <param name="Generation">1, and one more with each restore.</param>
/// <param name="VersionMin">Its version when that was last written down: versions never go back, and a restored table has no log that knew the newest.</param>
internal sealed record StoredTable(long Id, string Name, TableSpec Spec, int Generation, long VersionMin);
