using System.Globalization;

namespace EmbedStore.Load;

/// <summary>What several workloads share: servers that were started and filled once, when the first workload needed them.</summary>
internal sealed class Stage : IDisposable
{
    /// <summary>Elements of a row of the tables that peers are compared on.</summary>
    public const int Width = 64;

    /// <summary>The largest that the setting may be: a snapshot of the server's own accord would meet one contender and not the other.</summary>
    private const string NoSnapshotsLogByteCount = "1125899906842624";

    /// <summary>Where Linux has files in memory.</summary>
    private const string MemoryFileSystem = "/dev/shm";

    private const long MemoryByteCountDefault = 2L << 30;

    private readonly TemporaryFolder _folder = new();
    private readonly TemporaryFolder? _memoryFolder = Directory.Exists(MemoryFileSystem) ? new TemporaryFolder(MemoryFileSystem) : null;
    private readonly Stack<IDisposable> _owned = [];
    private readonly Lazy<EmbedStoreServer> _server;
    private readonly Lazy<(EmbedStoreTable Table, long ResidentByteCount)> _table;
    private readonly Lazy<EmbedStoreTable> _trained;
    private readonly Lazy<Optional<RedisPeer>> _redis;
    private readonly Lazy<Optional<MemcachedPeer>> _memcached;
    private int _folderCount;

    public Stage(LoadOptions options)
    {
        Options = options;
        Rows = new RowSet(options.TableRowCount, Width);
        LocalSocket = _memoryFolder is null ? null : Path.Combine(_memoryFolder.Path, "socket");
        _server = new(() => Own(Serve(MemoryByteCountFor(Rows), LocalDoors())));
        _table = new(LoadTable);
        _trained = new(() => TrainedTable.Load(_server.Value, Rows));
        _redis = new(() => Own(StartRedis(Rows)));
        _memcached = new(() => Optional.Of(() => Own(MemcachedPeer.Start(Rows.RowByteCount, (2 * Rows.PayloadByteCount) + (MemoryByteCountDefault / 8)))).Then(peer => peer.Load(Rows)));
    }

    public LoadOptions Options { get; }

    /// <summary>The rows of <see cref="Table"/>, <see cref="Redis"/> and <see cref="Memcached"/>.</summary>
    public RowSet Rows { get; }

    /// <summary>The Unix domain socket of the server of <see cref="Table"/>, which also answers through shared memory; null where there are no files in memory.</summary>
    public string? LocalSocket { get; }

    /// <summary>A table of <see cref="Rows"/> that nobody writes to, on a server of default durability.</summary>
    public EmbedStoreTable Table => _table.Value.Table;

    /// <summary>By how much <see cref="Table"/> let its server grow, as the system counts it. Unit: bytes.</summary>
    public long TableResidentByteCount => _table.Value.ResidentByteCount;

    /// <summary>A second table on the same server, with an optimizer; its rows change.</summary>
    public EmbedStoreTable Trained
    {
        get
        {
            // First, so that what it takes is counted without this one.
            _ = Table;
            return _trained.Value;
        }
    }

    /// <summary>Filled with <see cref="Rows"/>.</summary>
    public Optional<RedisPeer> Redis => _redis.Value;

    /// <summary>Filled with <see cref="Rows"/>.</summary>
    public Optional<MemcachedPeer> Memcached => _memcached.Value;

    /// <summary>A table's memory that keeps all its rows resident: slots take at most half of it.</summary>
    public static long MemoryByteCountFor(RowSet rows) => Math.Max(MemoryByteCountDefault, 4 * rows.PayloadByteCount);

    /// <summary>Starts a server whose tables may take so much memory. It takes no snapshots unless it is told to.</summary>
    /// <param name="more">Further settings.</param>
    public EmbedStoreServer Serve(long tableMemoryByteCount, params (string Name, string Value)[] more) =>
        new(NewFolder(), [("RowStore:MemoryBytes", tableMemoryByteCount.ToString(CultureInfo.InvariantCulture)), ("Snapshots:LogBytes", NoSnapshotsLogByteCount), .. more]);

    /// <summary>Starts a Redis and fills it.</summary>
    public Optional<RedisPeer> StartRedis(RowSet rows) =>
        Optional.Of(() => RedisPeer.Start(NewFolder(), rows.RowByteCount, (3 * rows.PayloadByteCount) + MemoryByteCountDefault)).Then(peer => peer.Load(rows));

    /// <summary>An empty folder, removed with the stage.</summary>
    public string NewFolder() => Directory.CreateDirectory(Path.Combine(_folder.Path, $"{++_folderCount}")).FullName;

    public void Dispose()
    {
        while (_owned.TryPop(out IDisposable? owned))
        {
            owned.Dispose();
        }

        _folder.Dispose();
        _memoryFolder?.Dispose();
    }

    /// <summary>The doors that only clients on this host have.</summary>
    private (string Name, string Value)[] LocalDoors() =>
        _memoryFolder is null ? [] : [("SocketPath", LocalSocket!), ("SharedFolder", Path.Combine(_memoryFolder.Path, "answers"))];

    private T Own<T>(T owned)
        where T : IDisposable
    {
        _owned.Push(owned);
        return owned;
    }

    private (EmbedStoreTable Table, long ResidentByteCount) LoadTable()
    {
        long before = _server.Value.ResidentByteCount;
        EmbedStoreTable table = EmbedStoreTable.Load(_server.Value, "rows", Rows);
        return (table, _server.Value.ResidentByteCount - before);
    }
}
