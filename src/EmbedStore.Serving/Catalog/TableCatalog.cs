using System.Collections.Concurrent;
using EmbedStore.Shards;
using EmbedStore.Tensors;

namespace EmbedStore.Serving;

/// <summary>The tables of one server: created, found, dropped.</summary>
/// <remarks>Thread-safe. A table that was created is there after a crash; one that was dropped is not.</remarks>
public sealed class TableCatalog : IAsyncDisposable
{
    /// <summary>Most tables one server has. Unit: tables.</summary>
    public const int TableCountMax = 65_536;

    private readonly ConcurrentDictionary<string, Table> _tables = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _changing = new(1);
    private readonly CatalogFolder _folder;
    private readonly StorageOptions _storage;
    private readonly ICatalogPeers _peers;
    private long _stamp;

    private TableCatalog(CatalogFolder folder, StorageOptions storage, ICatalogPeers peers) => (_folder, _storage, _peers) = (folder, storage, peers);

    /// <summary>Reads which tables there are. Their shards open with <see cref="RecoverAsync"/>.</summary>
    /// <exception cref="CatalogException">The data folder cannot be served.</exception>
    public static TableCatalog Open(StorageOptions storage) => Open(storage, new NoCatalogPeers());

    /// <summary>As above, in a folder that may be shared.</summary>
    /// <param name="storage">Where it is.</param>
    /// <param name="peers">Are told of every change.</param>
    /// <inheritdoc cref="Open(StorageOptions)" path="/exception"/>
    public static TableCatalog Open(StorageOptions storage, ICatalogPeers peers)
    {
        CatalogFolder folder = CatalogFolder.Open(storage.Disk, storage.Folder);
        var catalog = new TableCatalog(folder, storage, peers) { _stamp = folder.Stamp };
        foreach (StoredTable table in folder.Load(clears: !storage.IsShared))
        {
            if (!catalog._tables.TryAdd(table.Name, catalog.MakeTable(table)))
            {
                throw new CatalogException($"{folder.FolderOf(table.Id)} holds a second table named \"{table.Name}\".");
            }
        }

        // No shard is open: what lies in scratch is of a process that ended, or of a table that is gone.
        storage.Disk.DeleteFolder(storage.ScratchFolder);
        return catalog;
    }

    /// <summary>True once every shard with rows on disk was opened, or was found to be damaged.</summary>
    public bool IsRecovered { get; private set; }

    /// <summary>Every table, by name.</summary>
    public IReadOnlyList<Table> Tables => _tables.Values.OrderBy(static table => table.Name, StringComparer.Ordinal).ToList();

    /// <summary>Opens every shard that has rows on disk, several at a time. A shard that is damaged answers ShardUnavailable from then on; the others serve.</summary>
    /// <returns>The shards that could not be opened.</returns>
    public async Task<IReadOnlyList<ShardSlot>> RecoverAsync(CancellationToken cancellation)
    {
        var failed = new ConcurrentBag<ShardSlot>();
        IEnumerable<(Table Table, ShardSlot Slot)> places = Tables.SelectMany(static table => table.Shards.Select(slot => (table, slot)));
        await Parallel.ForEachAsync(places, cancellation, async (place, _) =>
        {
            // A table that is dropped meanwhile is not opened again.
            if (!place.Table.TryEnter())
            {
                return;
            }

            using var lease = new TableLease(place.Table);
            if (!await place.Slot.RecoverAsync())
            {
                failed.Add(place.Slot);
            }
        });
        IsRecovered = true;
        return failed.OrderBy(static slot => slot.Name, StringComparer.Ordinal).ToList();
    }

    /// <summary>Creates a table.</summary>
    /// <returns>The table, and whether it is new: an equal one may have been there.</returns>
    /// <exception cref="EmbedStoreException"><see cref="ErrorCode.InvalidParameter"/> for the name, <see cref="ErrorCode.TableExists"/>, <see cref="ErrorCode.StorageFull"/>.</exception>
    public async Task<(Table Table, bool IsNew)> CreateAsync(string name, TableSpec spec, CancellationToken cancellation)
    {
        TableName.Require(name);
        RequireOneOwner(spec);
        await RefreshSharedAsync(cancellation);
        (Table Table, bool IsNew) made = await AddAsync(name, spec, cancellation);
        if (made.IsNew)
        {
            await _peers.AnnounceAsync();
        }

        return made;
    }

    private async Task<(Table Table, bool IsNew)> AddAsync(string name, TableSpec spec, CancellationToken cancellation)
    {
        await _changing.WaitAsync(cancellation);
        try
        {
            if (_tables.TryGetValue(name, out Table? existing))
            {
                RequireEqual(existing, spec);
                return (existing, false);
            }

            RequireRoom();
            Table table = MakeTable(new StoredTable(_folder.Add(name, spec), name, spec, Generation: 1, VersionMin: 0));
            _tables[name] = table;
            NoteChange();
            return (table, true);
        }
        catch (DiskFullException)
        {
            throw new EmbedStoreException(ErrorCode.StorageFull, "The disk has no room for a new table.", new Fact("shard", null));
        }
        finally
        {
            _changing.Release();
        }
    }

    /// <summary>A table for the time of one request.</summary>
    /// <exception cref="EmbedStoreException"><see cref="ErrorCode.TableNotFound"/>.</exception>
    public TableLease Lease(string name) =>
        _tables.TryGetValue(name, out Table? table) && table.TryEnter() ? new TableLease(table) : throw NotFound(name);

    /// <summary>Drops a table. Requests that already use it end in peace; then its files go.</summary>
    /// <exception cref="EmbedStoreException"><see cref="ErrorCode.TableNotFound"/>.</exception>
    public async Task DropAsync(string name, CancellationToken cancellation)
    {
        await RefreshSharedAsync(cancellation);
        Table table = await RemoveAsync(name, cancellation);
        await Task.WhenAll(table.DisposeAsync().AsTask(), _peers.AnnounceAsync());
        _folder.Clear(table.Id);
        _storage.Disk.DeleteFolder(ScratchOf(table.Id));
    }

    /// <summary>The folders of a table's shards and of its snapshots.</summary>
    internal TableFolders FoldersOf(Table table) => new(_storage.Disk, _folder, table.Id, ScratchOf(table.Id));

    /// <summary>A table that may take the place of another: its next generation, whose folders are there, and which is not in the catalog yet.</summary>
    internal Table NextOf(Table table, TableSpec spec) => MakeTable(new StoredTable(table.Id, table.Name, spec, table.Generation + 1, table.Version));

    /// <summary>Puts a table in the place of the generation before it, which is closing from then on; see <see cref="RetireAsync"/>.</summary>
    /// <exception cref="EmbedStoreException"><see cref="ErrorCode.TableNotFound"/>: it was dropped meanwhile.</exception>
    /// <exception cref="IOException">The old one serves on.</exception>
    internal async Task ReplaceAsync(Table table, Table next)
    {
        await _changing.WaitAsync();
        try
        {
            if (!_tables.TryGetValue(table.Name, out Table? current) || current != table)
            {
                throw NotFound(table.Name);
            }

            next.Saw(table.Version);
            OrBack(() => _folder.Write(StoredOf(next)), StoredOf(table));
            _tables[table.Name] = next;
            NoteChange();
            await table.BeginClosingAsync();
        }
        finally
        {
            _changing.Release();
        }

        await _peers.AnnounceAsync();
    }

    /// <summary>Waits for the requests that use a table which was replaced, and closes it.</summary>
    internal static async Task RetireAsync(Table table, Table next)
    {
        await table.DisposeAsync();
        next.Saw(table.Version);
    }

    /// <summary>Takes over what another server changed in a folder that they share; at once when nothing was. Tables that are gone are closed when their last request has ended.</summary>
    /// <exception cref="CatalogException">A file cannot be read. What was not looked at stays as it is.</exception>
    public async Task RefreshAsync(CancellationToken cancellation)
    {
        if (_folder.Stamp == Interlocked.Read(ref _stamp))
        {
            return;
        }

        var closed = new List<Table>();
        await _changing.WaitAsync(cancellation);
        try
        {
            // Before the tables: what changes while they are read is read again.
            long stamp = _folder.Stamp;
            Dictionary<string, StoredTable> stored = _folder.Load(clears: false).ToDictionary(static table => table.Name, StringComparer.Ordinal);
            foreach (Table table in Tables.Where(table => !IsSame(stored.GetValueOrDefault(table.Name), table)))
            {
                _tables.TryRemove(table.Name, out _);
                closed.Add(table);
            }

            foreach (StoredTable table in stored.Values.Where(table => !_tables.ContainsKey(table.Name)))
            {
                _tables[table.Name] = MakeTable(table);
            }

            Interlocked.Exchange(ref _stamp, stamp);
        }
        finally
        {
            _changing.Release();
        }

        await Task.WhenAll(closed.Select(static table => table.DisposeAsync().AsTask()));
    }

    /// <summary>What is changed is changed on top of what others changed.</summary>
    private Task RefreshSharedAsync(CancellationToken cancellation) => _storage.IsShared ? RefreshAsync(cancellation) : Task.CompletedTask;

    private static bool IsSame(StoredTable? stored, Table table) => stored is not null && stored.Id == table.Id && stored.Generation == table.Generation;

    /// <summary>A table by what names it for good; null when it is not here, or no longer.</summary>
    internal Table? Find(long id, int generation) => _tables.Values.FirstOrDefault(table => table.Id == id && table.Generation == generation);

    /// <summary>Makes a change known to those who share the folder.</summary>
    private void NoteChange()
    {
        if (_storage.IsShared)
        {
            Interlocked.Exchange(ref _stamp, _folder.NextStamp());
        }
    }

    /// <summary>Closes every shard.</summary>
    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_tables.Values.Select(static table => table.DisposeAsync().AsTask()));
        _tables.Clear();
        _changing.Dispose();
    }

    private async Task<Table> RemoveAsync(string name, CancellationToken cancellation)
    {
        await _changing.WaitAsync(cancellation);
        try
        {
            if (!_tables.TryGetValue(name, out Table? table))
            {
                throw NotFound(name);
            }

            OrBack(() => _folder.Remove(table.Id), StoredOf(table));
            _tables.TryRemove(name, out _);
            NoteChange();
            return table;
        }
        finally
        {
            _changing.Release();
        }
    }

    /// <summary>Changes what the folder says of a table. When that fails the folder says again what it said, for the table goes on as it was.</summary>
    private void OrBack(Action change, StoredTable before)
    {
        try
        {
            change();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _folder.Write(before);
            throw;
        }
    }

    private static StoredTable StoredOf(Table table) => new(table.Id, table.Name, table.Spec, table.Generation, table.Version);

    private static void RequireEqual(Table existing, TableSpec spec)
    {
        IReadOnlyList<string> differs = TableSpecJson.Differences(existing.Spec, spec);
        if (differs.Count > 0)
        {
            throw new EmbedStoreException(
                ErrorCode.TableExists, $"Table \"{existing.Name}\" exists and differs in {string.Join(", ", differs)}.", new Fact("table", existing.Name), new Fact("differs", differs));
        }
    }

    private void RequireRoom()
    {
        if (_tables.Count >= TableCountMax)
        {
            throw new EmbedStoreException(ErrorCode.StorageFull, $"There are {TableCountMax} tables, and that is the limit.", new Fact("shard", null));
        }
    }

    /// <summary>A capacity is exact, and so somebody must know all uses of the table's rows.</summary>
    private void RequireOneOwner(TableSpec spec)
    {
        if (_storage.IsShared && spec.Capacity is not null && spec.ShardCount > 1)
        {
            throw new EmbedStoreException(
                ErrorCode.InvalidParameter, $"In a cluster a table with a capacity has one shard; {spec.ShardCount} were asked for.", new Fact("parameter", "shards"));
        }
    }

    private static EmbedStoreException NotFound(string name) =>
        new(ErrorCode.TableNotFound, $"There is no table \"{name}\".", new Fact("table", name));

    private Table MakeTable(StoredTable stored) => new(stored, (table, number) =>
    {
        TableFolders folders = FoldersOf(table);
        string folder = folders.ShardFolder(table.Generation, number);
        string scratch = folders.ScratchFolder(table.Generation, number);
        return new ShardSlot($"{table.Name}/{number}", !_storage.IsShared && Directory.Exists(folder), () => OpenShardAsync(table, number, folder, scratch));
    }, _storage);

    private async Task<Shard> OpenShardAsync(Table table, int number, string folder, string scratch)
    {
        _storage.Disk.CreateFolder(Path.GetDirectoryName(folder)!);
        _storage.Disk.FlushFolder(_folder.FolderOf(table.Id));
        Shard shard = await Shard.OpenAsync(folder, scratch, table.Rows, OptionsOf(table, table.MakeMirror(number), table.Capacity?.Uses), CancellationToken.None);
        if (_storage.IsShared)
        {
            // Whoever had it before the claim may still believe to have it. Reading the log may have taken as long.
            TimeSpan left = StorageOptions.OwnerConfirmedWithin - shard.OwnedFor;
            await Task.Delay(left > TimeSpan.Zero ? left : TimeSpan.Zero, _storage.Time);
            table.ForgetRows(number);
        }

        return shard;
    }

    /// <summary>Takes every shard of a table from whoever has it: nothing is acknowledged from here on, until somebody takes them again.</summary>
    internal void Fence(Table table)
    {
        for (int number = 0; number < table.Shards.Count; number++)
        {
            string folder = FoldersOf(table).ShardFolder(table.Generation, number);
            if (_storage.IsShared && Directory.Exists(folder))
            {
                Shard.TakeAway(_storage.Disk, folder, table.Rows, _storage.OwnerName);
            }
        }
    }

    /// <summary>Writes one shard's snapshot without the others: nothing to go back to, but its next opening reads less.</summary>
    internal async Task SaveShardAsync(Table table, int number, CancellationToken cancellation)
    {
        if (table.Shards[number].Opened is not { UnsavedByteCount: > 0 } shard)
        {
            return;
        }

        await using ShardSnapshot snapshot = await shard.BeginSnapshotAsync(SnapshotCatalog.NextId(_storage.Disk, FoldersOf(table)), cancellation);
        await snapshot.EndAsync();
        await snapshot.SaveAsync();
    }

    private string ScratchOf(long id) => Path.Combine(_storage.ScratchFolder, Path.GetFileName(_folder.FolderOf(id)));

    /// <summary>What a shard of the table is opened with.</summary>
    /// <param name="table">The table.</param>
    /// <param name="mirror">Gets every change of a row.</param>
    /// <param name="uses">Orders the uses of rows.</param>
    internal ShardOptions OptionsOf(Table table, IRowMirror? mirror, UseClock? uses)
    {
        long rowCacheByteCount = mirror is null ? 0 : table.Resident?.ByteCount ?? table.Cached?.ByteCountMax ?? 0;
        return TableMemory.Of(table.Spec, rowCacheByteCount, mirror is not null && table.Resident is not null, _storage).ToShardOptions(table.Spec, mirror, uses, _storage);
    }
}
