using EmbedStore.Shards;
using EmbedStore.Tensors;
using EmbedStore.Testing;

namespace EmbedStore.Serving.Tests.Snapshots;

/// <summary>A catalog in a folder of its own, for one table <c>t</c> with snapshots.</summary>
public abstract class SnapshotTestBase : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly IDisk _disk;

    /// <param name="rowCount">Rows that tests read.</param>
    /// <param name="disk">Under everything.</param>
    protected SnapshotTestBase(int rowCount, IDisk disk)
    {
        _disk = disk;
        AllIds = [.. Enumerable.Range(0, rowCount).Select(static i => (long)i)];
        var router = new LocalShardRouter();
        Updates = new UpdatePipeline(router, new ServingLimits());
        Lookups = new LookupPipeline(new LocalRowCache(), router, new CpuGather(), new ServingLimits());
        Catalog = TableCatalog.Open(Storage);
    }

    protected string Folder => _folder.Path;

    protected StorageOptions Storage => new() { Disk = _disk, Folder = Folder, ReserveByteCount = 0, TableMemoryByteCount = 16 << 20, LogSegmentByteCount = 4096 };

    protected UpdatePipeline Updates { get; }

    protected LookupPipeline Lookups { get; }

    /// <summary>Another one after a restart.</summary>
    protected TableCatalog Catalog { get; set; }

    protected IReadOnlyList<long> AllIds { get; }

    protected Table TableNow
    {
        get
        {
            using TableLease lease = Catalog.Lease("t");
            return lease.Table;
        }
    }

    protected TableSnapshots Snapshots => new(Catalog, new LocalSnapshotShards(), Storage);

    protected TableRestorer Restorer => new(Catalog, new LocalShardRouter(), Storage);

    protected async Task<Table> CreateAsync(string shape) =>
        (await Catalog.CreateAsync("t", TestTables.Spec($$"""{"shape": {{shape}}, "shards": 3}"""), CancellationToken.None)).Table;

    protected Task<TableSnapshot> TakeAsync() => Snapshots.TakeAsync(TableNow, CancellationToken.None);

    protected Task<double[]> ReadAsync() => ReadAsync(TableNow);

    protected Task<double[]> ReadAsync(Table table) => TestTables.ReadAsync(Lookups.Prepare(table, new LookupRequest
    {
        Subscript = SubscriptParser.Parse("[ids]"),
        Tensors = TestTables.Named(("ids", Tensor.Of(TensorShape.Of(AllIds.Count), AllIds.ToArray()))),
    }));

    protected async Task ReopenAsync()
    {
        await Catalog.DisposeAsync();
        Catalog = TableCatalog.Open(Storage);
        Assert.Empty(await Catalog.RecoverAsync(CancellationToken.None));
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await Catalog.DisposeAsync();
        _folder.Dispose();
    }
}
