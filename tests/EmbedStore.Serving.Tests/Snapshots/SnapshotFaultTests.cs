using EmbedStore.Serving.Tests.Faults;
using EmbedStore.Shards;
using EmbedStore.Tensors;
using EmbedStore.Testing;

namespace EmbedStore.Serving.Tests.Snapshots;

/// <summary>Snapshots and restores that meet each other, or a disk that fails: no write that was acknowledged is lost, and no state to go back to.</summary>
public sealed class SnapshotFaultTests : IAsyncDisposable
{
    private const int RowCount = 100;
    private static readonly long[] AllIds = [.. Enumerable.Range(0, RowCount).Select(static i => (long)i)];

    private readonly TemporaryFolder _folder = new();
    private readonly FailingDisk _disk = new();
    private readonly LocalShardRouter _router = new();
    private readonly UpdatePipeline _updates;
    private readonly LookupPipeline _lookups;
    private TableCatalog _catalog;

    public SnapshotFaultTests()
    {
        _updates = new UpdatePipeline(_router, new ServingLimits());
        _lookups = new LookupPipeline(new LocalRowCache(), _router, new CpuGather(), new ServingLimits());
        _catalog = TableCatalog.Open(Storage);
    }

    private StorageOptions Storage => new() { Disk = _disk, Folder = _folder.Path, ReserveByteCount = 0, TableMemoryByteCount = 16 << 20, LogSegmentByteCount = 4096 };

    private Table TableNow
    {
        get
        {
            using TableLease lease = _catalog.Lease("t");
            return lease.Table;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _catalog.DisposeAsync();
        _folder.Dispose();
    }

    /// <summary>A caller that lost patience sends its restore again, and the server's own snapshots wait behind both.</summary>
    [Fact]
    public async Task RestoreAsync_SeveralAndSnapshotsAtOnce_LeaveTheGenerationThatServes()
    {
        await CreateAsync();
        await AddOneAsync();
        await TakeAsync();
        await AddOneAsync();
        Task<TableSnapshot>[] calls = [RestoreAsync(1), RestoreAsync(1), TakeAsync(), RestoreAsync(1), TakeAsync()];
        foreach (Task<TableSnapshot> call in calls)
        {
            Exception? failure = await Record.ExceptionAsync(() => call);
            Assert.True(failure is null or EmbedStoreException { Code: ErrorCode.Stopping }, failure?.ToString());
        }

        Assert.All(await ReadAsync(), static value => Assert.Equal(1, value));
        await AddOneAsync();
        await TakeAsync();
        await AddOneAsync();
        await ReopenAsync();
        Assert.All(await ReadAsync(), static value => Assert.Equal(3, value));
    }

    /// <summary>The table does not know its version then, and writes with lower numbers than its rows have would be ignored.</summary>
    [Fact]
    public async Task RestoreAsync_TableWhoseShardsDoNotOpen_TakesWritesAgain()
    {
        await CreateAsync();
        for (int i = 0; i < 5; i++)
        {
            await AddOneAsync();
        }

        await TakeAsync();
        long version = TableNow.Version;
        await _catalog.DisposeAsync();
        foreach (string log in Directory.GetFiles(_folder.Path, "log-*.seg", SearchOption.AllDirectories))
        {
            File.Delete(log);
        }

        _catalog = TableCatalog.Open(Storage);
        Assert.Equal(3, (await _catalog.RecoverAsync(CancellationToken.None)).Count);

        await RestoreAsync(1);
        await AddOneAsync();

        Assert.All(await ReadAsync(), static value => Assert.Equal(6, value));
        Assert.True(TableNow.Version > version);
    }

    /// <summary>Two attempts that only some shards finish, and both states that were there are there still.</summary>
    [Fact]
    public async Task TakeAsync_ShardThatCannotSave_LeavesEveryEarlierSnapshotToGoBackTo()
    {
        await CreateAsync();
        await AddOneAsync();
        await TakeAsync();
        await AddOneAsync();
        await TakeAsync();
        _disk.RefusesName = static path => path.Contains("shard-0001", StringComparison.Ordinal) && path.Contains("snapshot-", StringComparison.Ordinal);
        for (int attempt = 0; attempt < 2; attempt++)
        {
            await AddOneAsync();
            EmbedStoreException refusal = await Assert.ThrowsAsync<EmbedStoreException>(TakeAsync);
            Assert.Equal(ErrorCode.ShardUnavailable, refusal.Code);
        }

        Assert.Equal([2L, 1L], List().Select(static snapshot => snapshot.Id));
        _disk.RefusesName = static _ => false;
        TableSnapshot third = await TakeAsync();
        Assert.Equal([third.Id, 2L], List().Select(static snapshot => snapshot.Id));

        await ReopenAsync();
        Assert.All(await ReadAsync(), static value => Assert.Equal(4, value));
        await RestoreAsync(2);
        Assert.All(await ReadAsync(), static value => Assert.Equal(2, value));
    }

    /// <summary>The catalog names a generation or the other; a version that was acknowledged is not given out again.</summary>
    [Fact]
    public async Task RestoreAsync_CatalogThatCannotBeFlushed_GoesOnAsBefore()
    {
        await CreateAsync();
        await AddOneAsync();
        await TakeAsync();
        await AddOneAsync();
        int failures = 1;
        _disk.RefusesFlush = path => path.EndsWith("000001", StringComparison.Ordinal) && HasFiles("generation-0002/shard-0002/owner") && failures-- > 0;
        Assert.Equal(ErrorCode.ShardUnavailable, (await Assert.ThrowsAsync<EmbedStoreException>(() => RestoreAsync(1))).Code);

        await AddOneAsync();
        await ReopenAsync();
        Assert.All(await ReadAsync(), static value => Assert.Equal(3, value));

        long version = TableNow.Version;
        await RestoreAsync(1);
        Assert.All(await ReadAsync(), static value => Assert.Equal(1, value));
        await ReopenAsync();
        Assert.True(TableNow.Version >= version);
    }

    [Fact]
    public async Task CreateAsync_CatalogThatCannotBeFlushed_CanBeRepeatedAndTheServerStarts()
    {
        _disk.RefusesFlush = static path => path.EndsWith("000001", StringComparison.Ordinal);
        await Assert.ThrowsAsync<IOException>(CreateAsync);
        _disk.RefusesFlush = static _ => false;
        await CreateAsync();
        await AddOneAsync();
        await ReopenAsync();
        Assert.All(await ReadAsync(), static value => Assert.Equal(1, value));
    }

    [Fact]
    public async Task DropAsync_CatalogThatCannotBeFlushed_KeepsTheTable()
    {
        await CreateAsync();
        await AddOneAsync();
        int failures = 1;
        _disk.RefusesFlush = path => path.EndsWith("000001", StringComparison.Ordinal) && failures-- > 0;
        await Assert.ThrowsAsync<IOException>(() => _catalog.DropAsync("t", CancellationToken.None));
        await ReopenAsync();
        Assert.All(await ReadAsync(), static value => Assert.Equal(1, value));
    }

    /// <summary>A sector that is lost is the usual damage.</summary>
    [Fact]
    public async Task RecoverAsync_NewestSnapshotThatCannotBeRead_StartsFromTheOlderOne()
    {
        await CreateAsync();
        await AddOneAsync();
        await TakeAsync();
        await AddOneAsync();
        await TakeAsync();
        await AddOneAsync();
        _disk.RefusesRead = static path => path.EndsWith("2.rows", StringComparison.Ordinal);
        await ReopenAsync();
        Assert.All(await ReadAsync(), static value => Assert.Equal(3, value));
    }

    [Fact]
    public async Task Open_GenerationThatIsMissing_IsRefused()
    {
        await CreateAsync();
        await AddOneAsync();
        await TakeAsync();
        await RestoreAsync(1);
        await _catalog.DisposeAsync();
        string generation = Directory.GetDirectories(_folder.Path, "generation-0002", SearchOption.AllDirectories).First(static path => !path.Contains("scratch", StringComparison.Ordinal));
        Directory.Move(generation, generation + "x");
        CatalogException refusal = Assert.Throws<CatalogException>(() => TableCatalog.Open(Storage));
        Assert.Contains(generation, refusal.Message, StringComparison.Ordinal);
        Directory.Move(generation + "x", generation);
        _catalog = TableCatalog.Open(Storage);
    }

    private bool HasFiles(string path) => File.Exists(Path.Combine(_folder.Path, "tables", "000001", path));

    private IReadOnlyList<TableSnapshot> List() => new TableSnapshots(_catalog, Storage).List(TableNow);

    private async Task CreateAsync() => await _catalog.CreateAsync("t", TestTables.Spec("""{"shape": [100, 2], "shards": 3}"""), CancellationToken.None);

    private Task<TableSnapshot> TakeAsync() => new TableSnapshots(_catalog, Storage).TakeAsync(TableNow, CancellationToken.None);

    private Task<TableSnapshot> RestoreAsync(long id) => new TableRestorer(_catalog, Storage).RestoreAsync("t", id, null, CancellationToken.None);

    private async Task AddOneAsync() => await _updates.ApplyAsync(
        TableNow,
        new UpdateRequest
        {
            Subscript = SubscriptParser.Parse("[:]"),
            Tensors = TestTables.Named(),
            Values = Tensor.Of(TensorShape.Scalar, 1f),
            Kind = RowWriteKind.Accumulate,
        },
        CancellationToken.None);

    private Task<double[]> ReadAsync() => TestTables.ReadAsync(_lookups.Prepare(TableNow, new LookupRequest
    {
        Subscript = SubscriptParser.Parse("[ids]"),
        Tensors = TestTables.Named(("ids", Tensor.Of(TensorShape.Of(RowCount), AllIds))),
    }));

    private async Task ReopenAsync()
    {
        await _catalog.DisposeAsync();
        _catalog = TableCatalog.Open(Storage);
        Assert.Empty(await _catalog.RecoverAsync(CancellationToken.None));
    }
}
