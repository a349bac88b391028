using EmbedStore.Serving.Tests.Faults;
using EmbedStore.Shards;
using EmbedStore.Tensors;

namespace EmbedStore.Serving.Tests.Snapshots;

/// <summary>Snapshots and restores that meet each other, or a disk that fails: no write that was acknowledged is lost, and no state to go back to.</summary>
public sealed class SnapshotFaultTests : SnapshotTestBase
{
    private readonly FailingDisk _disk;

    public SnapshotFaultTests()
        : this(new FailingDisk())
    {
    }

    private SnapshotFaultTests(FailingDisk disk)
        : base(rowCount: 100, disk) => _disk = disk;

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
        await Catalog.DisposeAsync();
        foreach (string log in Directory.GetFiles(Folder, "log-*.seg", SearchOption.AllDirectories))
        {
            File.Delete(log);
        }

        Catalog = TableCatalog.Open(Storage);
        Assert.Equal(3, (await Catalog.RecoverAsync(CancellationToken.None)).Count);

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
        await Assert.ThrowsAsync<IOException>(() => Catalog.DropAsync("t", CancellationToken.None));
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
        await Catalog.DisposeAsync();
        string generation = Directory.GetDirectories(Folder, "generation-0002", SearchOption.AllDirectories).First(static path => !path.Contains("scratch", StringComparison.Ordinal));
        Directory.Move(generation, generation + "x");
        CatalogException refusal = Assert.Throws<CatalogException>(() => TableCatalog.Open(Storage));
        Assert.Contains(generation, refusal.Message, StringComparison.Ordinal);
        Directory.Move(generation + "x", generation);
        Catalog = TableCatalog.Open(Storage);
    }

    private bool HasFiles(string path) => File.Exists(Path.Combine(Folder, "tables", "000001", path));

    private IReadOnlyList<TableSnapshot> List() => Snapshots.List(TableNow);

    private Task<Table> CreateAsync() => CreateAsync("[100, 2]");

    private Task<TableSnapshot> RestoreAsync(long id) => Restorer.RestoreAsync("t", id, null, CancellationToken.None);

    private async Task AddOneAsync() => await Updates.ApplyAsync(
        TableNow,
        new UpdateRequest
        {
            Subscript = SubscriptParser.Parse("[:]"),
            Tensors = TestTables.Named(),
            Values = Tensor.Of(TensorShape.Scalar, 1f),
            Kind = RowWriteKind.Accumulate,
        },
        CancellationToken.None);
}
