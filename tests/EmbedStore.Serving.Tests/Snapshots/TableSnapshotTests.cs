using EmbedStore.Shards;
using EmbedStore.Tensors;

namespace EmbedStore.Serving.Tests.Snapshots;

/// <summary>Snapshots of a table over several shards, and the way back to one.</summary>
public sealed class TableSnapshotTests() : SnapshotTestBase(RowCount, PhysicalDisk.Instance)
{
    private const int RowCount = 200;

    /// <summary>The rows of a fixed table are resident, those of an open one are not.</summary>
    [Theory]
    [InlineData("[200, 2]", null)]
    [InlineData("[\"*\", 2]", null)]
    [InlineData("[200, 2]", 1)]
    [InlineData("[\"*\", 2]", 7)]
    public async Task RestoreAsync_AfterFurtherWrites_GivesTheRowsOfTheSnapshotAndGoesOn(string shape, int? shards)
    {
        await CreateAsync(shape);
        await AddOneAsync(1);
        TableSnapshot first = await TakeAsync();
        await AddOneAsync(2);
        TableSnapshot second = await TakeAsync();
        await AddOneAsync(3);
        await EraseAsync(5);
        long version = TableNow.Version;

        TableSnapshot restored = await Restorer.RestoreAsync("t", first.Id, shards, CancellationToken.None);

        Assert.Equal((second.Id + 1, (long?)first.Id, shards ?? 3), (restored.Id, restored.RestoredFrom, restored.ShardCount));
        Assert.Equal((shards ?? 3, (long)RowCount), (TableNow.Shards.Count, TableNow.RowCount));
        Assert.True(TableNow.Version > version, "Versions go on.");
        Assert.All(await ReadAsync(), value => Assert.Equal(1, value));
        Assert.Equal(1, TableWriters.ProgressOf(TableNow, "trainer").Sequence);

        await AddOneAsync(2);
        await AddOneAsync(3);
        await ReopenAsync();
        Assert.All(await ReadAsync(), value => Assert.Equal(3, value));
        Assert.Equal([restored.Id, second.Id, first.Id], Snapshots.List(TableNow).Select(static snapshot => snapshot.Id));
    }

    [Fact]
    public async Task RestoreAsync_ThenFurtherSnapshots_KeepsTheTwoNewestAndDeletesOldGenerations()
    {
        await CreateAsync("[200, 2]");
        await AddOneAsync(1);
        await TakeAsync();
        await Restorer.RestoreAsync("t", 1, null, CancellationToken.None);
        await AddOneAsync(2);
        Assert.Equal([2L, 1L], Snapshots.List(TableNow).Select(static snapshot => snapshot.Id));
        await TakeAsync();
        Assert.Equal([3L, 2L], Snapshots.List(TableNow).Select(static snapshot => snapshot.Id));
        Assert.Equal(["generation-0002"], Directory.GetDirectories(Path.Combine(Folder, "tables", "000001")).Select(Path.GetFileName));
        await Restorer.RestoreAsync("t", 2, null, CancellationToken.None);
        Assert.All(await ReadAsync(), value => Assert.Equal(1, value));
        await ReopenAsync();
        Assert.All(await ReadAsync(), value => Assert.Equal(1, value));
        Assert.Equal(3, TableNow.Generation);
    }

    [Fact]
    public async Task RestoreAsync_OldSnapshotOfAnEarlierGeneration_Works()
    {
        await CreateAsync("[200, 2]");
        await AddOneAsync(1);
        await TakeAsync();
        await AddOneAsync(2);
        await TakeAsync();
        await Restorer.RestoreAsync("t", 1, 5, CancellationToken.None);
        await Restorer.RestoreAsync("t", 2, null, CancellationToken.None);
        Assert.All(await ReadAsync(), value => Assert.Equal(2, value));
        Assert.Equal(3, TableNow.Shards.Count);
    }

    [Fact]
    public async Task RestoreAsync_SnapshotThatIsNotThere_RefusesAndChangesNothing()
    {
        await CreateAsync("[200, 2]");
        await AddOneAsync(1);
        await TakeAsync();
        EmbedStoreException error = await Assert.ThrowsAsync<EmbedStoreException>(() => Restorer.RestoreAsync("t", 9, null, CancellationToken.None));
        Assert.Equal((ErrorCode.InvalidParameter, (object)"snapshot"), (error.Code, error["parameter"]));
        Assert.Contains("it has 1", error.Message, StringComparison.Ordinal);
        Assert.Equal(1, TableNow.Generation);
    }

    [Fact]
    public async Task RestoreAsync_DamagedSnapshot_RefusesNamesTheFileAndServesOn()
    {
        await CreateAsync("[200, 2]");
        await AddOneAsync(1);
        await TakeAsync();
        string rows = Directory.GetFiles(Folder, "snapshot-*.rows", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Last();
        byte[] bytes = await File.ReadAllBytesAsync(rows);
        bytes[bytes.Length / 2] ^= 4;
        await File.WriteAllBytesAsync(rows, bytes);

        EmbedStoreException error = await Assert.ThrowsAsync<EmbedStoreException>(() => Restorer.RestoreAsync("t", 1, null, CancellationToken.None));
        Assert.Equal(ErrorCode.ShardUnavailable, error.Code);
        Assert.Contains(rows, error.Message, StringComparison.Ordinal);
        await AddOneAsync(2);
        Assert.All(await ReadAsync(), value => Assert.Equal(2, value));
        Assert.False(Directory.Exists(Path.Combine(Folder, "tables", "000001", "generation-0002")));
    }

    /// <summary>A request that some shards have and others not is finished by sending it again, also after a restore; with other shards it could not be.</summary>
    [Theory]
    [InlineData(null)]
    [InlineData(2)]
    public async Task RestoreAsync_UnfinishedRequestInTheSnapshot_IsFinishedWithAsManyShardsOnly(int? shards)
    {
        await CreateAsync("[200, 2]");
        await AddOneAsync(1);
        await WritePartAsync(sequence: 2, shard: 1);
        await TakeAsync();
        await AddOneAsync(2);
        if (shards is not null)
        {
            EmbedStoreException error = await Assert.ThrowsAsync<EmbedStoreException>(() => Restorer.RestoreAsync("t", 1, shards, CancellationToken.None));
            Assert.Equal((ErrorCode.InvalidParameter, (object)"shards"), (error.Code, error["parameter"]));
            return;
        }

        await Restorer.RestoreAsync("t", 1, null, CancellationToken.None);
        Assert.Equal(1, TableWriters.ProgressOf(TableNow, "trainer").Sequence);
        await AddOneAsync(2);
        Assert.All(await ReadAsync(), value => Assert.Equal(2, value));
    }

    /// <summary>Each read sees all rows of one moment or the other, and every request that was acknowledged before the snapshot's end is in it whole.</summary>
    [Fact]
    public async Task TakeAndRestore_BesideWritersAndReaders_ShowWholeRequestsOnly()
    {
        await CreateAsync("[200, 2]");
        using var stop = new CancellationTokenSource();
        Task writer = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                using TableLease lease = Catalog.Lease("t");
                await WriteAsync(lease.Table, RowWriteKind.Accumulate, AllIds, 1);
            }
        });
        Task reader = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                using TableLease lease = Catalog.Lease("t");
                Assert.Equal(2 * RowCount, (await ReadAsync(lease.Table)).Length);
            }
        });
        for (int round = 0; round < 12; round++)
        {
            TableSnapshot snapshot = await TakeAsync();
            if (round % 3 == 2)
            {
                await Restorer.RestoreAsync("t", snapshot.Id, 2 + round, CancellationToken.None);
            }

            using SnapshotCopy copy = await SnapshotCopy.OfAsync(Folder, Storage, TableNow, snapshot.Id);
            Assert.Single((await ReadAsync(copy.Table)).Distinct());
        }

        await stop.CancelAsync();
        await Task.WhenAll(writer, reader);
        Assert.Single((await ReadAsync()).Distinct());
    }

    /// <summary>Keys go with their rows, and so does what is known of those that are gone; a table that makes room does so by the rows' own ids.</summary>
    [Theory]
    [InlineData(null)]
    [InlineData(5)]
    public async Task RestoreAsync_TableWithKeysAndCapacity_GivesEachKeyItsRow(int? shards)
    {
        const string Spec = """{"shape": ["*", 2], "key": "string", "shards": 3, "capacity": {"rows": 40, "evict": "lru"} }""";
        Table table = (await Catalog.CreateAsync("t", TestTables.Spec(Spec), CancellationToken.None)).Table;
        string[] keys = [.. Enumerable.Range(0, 50).Select(static i => $"key-{i}")];
        foreach (string key in keys)
        {
            await PutAsync(table, key, float.Parse(key[4..], System.Globalization.CultureInfo.InvariantCulture));
        }

        await TakeAsync();
        await PutAsync(table, "key-49", 1000);
        await PutAsync(table, "another", 1000);
        await Restorer.RestoreAsync("t", 1, shards, CancellationToken.None);
        Assert.Equal(40, TableNow.RowCount);
        await ReopenAsync();

        double[] expected = [.. Enumerable.Range(0, 50).SelectMany(static i => new double[] { i < 10 ? 0 : i, i < 10 ? 0 : i })];
        Assert.Equal(expected, await TestTables.ReadAsync(Lookup(keys)));
        Lookup withStatus = Lookup([keys[0], keys[49], "another"]);
        await TestTables.ReadAsync(withStatus);
        Assert.Equal([RowStatus.Evicted, RowStatus.Found, RowStatus.NeverWritten], withStatus.Statuses.ToArray());
        await PutAsync(TableNow, "another", 1);
        Assert.Equal(40, TableNow.RowCount);

        Lookup Lookup(string[] wanted) => Lookups.Prepare(TableNow, new LookupRequest { Subscript = SubscriptParser.Parse("[ids]"), Tensors = TestTables.Named(("ids", Keys(wanted))), WithStatus = true });
    }

    /// <summary>Else a start of a table with much to replay begins with a failed snapshot.</summary>
    [Fact]
    public async Task IsDue_TableWithAShardThatRecovers_OnlyWhenAllHave()
    {
        await CreateAsync("[200, 2]");
        await AddOneAsync(1);
        await Catalog.DisposeAsync();
        Catalog = TableCatalog.Open(Storage);
        var policy = new SnapshotPolicy(1, TimeSpan.FromHours(1));
        await TableNow.Shards[1].OpenAsync();

        Assert.False(policy.IsDue(TableNow, default, default));

        await Catalog.RecoverAsync(CancellationToken.None);
        Assert.True(policy.IsDue(TableNow, default, default));
    }

    private static Tensor Keys(params string[] keys) => Tensor.Of(TensorShape.Of(keys.Length), RowKeys.Of(keys));

    private async Task PutAsync(Table table, string key, float value) => await Updates.ApplyAsync(
        table,
        new UpdateRequest { Subscript = SubscriptParser.Parse("[ids]"), Tensors = TestTables.Named(("ids", Keys(key))), Values = Tensor.Of(TensorShape.Scalar, value), Kind = RowWriteKind.Assign },
        CancellationToken.None);

    [Fact]
    public async Task Open_AfterARestoreThatWasCutShort_ServesTheTableAsBefore()
    {
        await CreateAsync("[200, 2]");
        await AddOneAsync(1);
        await Catalog.DisposeAsync();
        string unfinished = Path.Combine(Folder, "tables", "000001", "generation-0002", "shard-0000");
        Directory.CreateDirectory(unfinished);
        await File.WriteAllTextAsync(Path.Combine(unfinished, "owner"), "half");
        Catalog = TableCatalog.Open(Storage);
        await Catalog.RecoverAsync(CancellationToken.None);
        Assert.All(await ReadAsync(), value => Assert.Equal(1, value));
        Assert.False(Directory.Exists(unfinished));
    }

    [Fact]
    public async Task TakeAsync_TableDroppedMeanwhile_Ends()
    {
        Table table = await CreateAsync("[200, 2]");
        await AddOneAsync(1);
        Task drop = Task.CompletedTask;
        using (TableLease lease = Catalog.Lease("t"))
        {
            drop = Catalog.DropAsync("t", CancellationToken.None);
            EmbedStoreException error = await Assert.ThrowsAsync<EmbedStoreException>(() => Snapshots.TakeAsync(table, CancellationToken.None));
            Assert.Equal(ErrorCode.Stopping, error.Code);
        }

        await drop;
        Assert.False(Directory.Exists(Path.Combine(Folder, "tables", "000001")));
    }

    private Task AddOneAsync(long sequence) => WriteAsync(TableNow, RowWriteKind.Accumulate, AllIds, 1, new WriterClaim("trainer", 0, sequence));

    private Task EraseAsync(long id) => WriteAsync(TableNow, RowWriteKind.Erase, [id], null);

    private async Task WriteAsync(Table table, RowWriteKind kind, IReadOnlyList<long> ids, float? value, WriterClaim? writer = null) => await Updates.ApplyAsync(
        table,
        new UpdateRequest
        {
            Subscript = SubscriptParser.Parse("[ids]"),
            Tensors = TestTables.Named(("ids", Tensor.Of(TensorShape.Of(ids.Count), ids.ToArray()))),
            Values = value is { } number ? Tensor.Of(TensorShape.Scalar, number) : null,
            Kind = kind,
            Writer = writer,
        },
        CancellationToken.None);

    /// <summary>What one shard gets of a request when the server dies then.</summary>
    private async Task WritePartAsync(long sequence, int shard)
    {
        long[] ids = [.. AllIds.Where(id => ShardHash.ShardOf(id, 3) == shard)];
        Shard opened = await TableNow.Shards[shard].OpenAsync();
        await opened.WriteAsync(
            new RowWrite
            {
                Kind = RowWriteKind.Accumulate,
                RowIds = ids,
                Columns = ColumnRange.All(2),
                Values = System.Runtime.InteropServices.MemoryMarshal.AsBytes(Enumerable.Repeat(1f, ids.Length * 2).ToArray().AsSpan()).ToArray(),
                Writer = new WriterStamp("trainer", 0, sequence, [0, 1, 2]),
            },
            CancellationToken.None);
    }
}
