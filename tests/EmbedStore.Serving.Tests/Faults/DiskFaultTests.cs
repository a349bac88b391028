using EmbedStore.Tensors;

namespace EmbedStore.Serving.Tests.Faults;

public class DiskFaultTests
{
    private const string Spec = """{"shape": [8, 2], "shards": 1}""";

    private static readonly Tensor One = Tensor.Of(TensorShape.Scalar, 1f);

    [Fact]
    public async Task Apply_DiskFullBeforeTheFirstWrite_IsStorageFullUntilThereIsRoom()
    {
        var disk = new FailingDisk();
        await using var tables = new TestTables(disk: disk);
        Table table = await tables.CreateAsync(Spec);
        disk.IsFull = true;

        var error = await Assert.ThrowsAsync<EmbedStoreException>(() => tables.PutAsync(table, "[:]", One));
        disk.IsFull = false;
        await tables.PutAsync(table, "[:]", One);

        Assert.Equal((ErrorCode.StorageFull, "t/0"), (error.Code, error["shard"]));
        Assert.All(await tables.GetAsync(table, "[:]"), static element => Assert.Equal(1, element));
    }

    [Fact]
    public async Task Apply_DiskFullLater_IsStorageFullAndReadsGoOn()
    {
        var disk = new FailingDisk();
        await using var tables = new TestTables(disk: disk);
        Table table = await tables.CreateAsync(Spec);
        await tables.PutAsync(table, "[:]", One);
        disk.IsFull = true;

        var error = await Assert.ThrowsAsync<EmbedStoreException>(() => tables.PutAsync(table, "[:]", Tensor.Of(TensorShape.Scalar, 2f)));

        Assert.Equal(ErrorCode.StorageFull, error.Code);
        Assert.All(await tables.GetAsync(table, "[:]"), static element => Assert.Equal(1, element));
    }

    [Fact]
    public async Task Apply_BrokenDisk_IsShardUnavailableForGoodAndReadsGoOn()
    {
        var disk = new FailingDisk();
        await using var tables = new TestTables(disk: disk);
        Table table = await tables.CreateAsync(Spec);
        await tables.PutAsync(table, "[:]", One);
        disk.IsBroken = true;
        await Assert.ThrowsAsync<EmbedStoreException>(() => tables.PutAsync(table, "[0]", One));
        disk.IsBroken = false;

        var error = await Assert.ThrowsAsync<EmbedStoreException>(() => tables.PutAsync(table, "[0]", One));

        Assert.Equal((ErrorCode.ShardUnavailable, "t/0"), (error.Code, error["shard"]));
        Assert.All(await tables.GetAsync(table, "[:]"), static element => Assert.Equal(1, element));
    }

    [Fact]
    public async Task Recover_DamagedShard_IsUnavailableWhileOthersServe()
    {
        await using var tables = new TestTables();
        foreach (string name in new[] { "good", "bad" })
        {
            await tables.PutAsync(await tables.CreateAsync(Spec, name), "[:]", One);
        }

        await tables.Catalog.DisposeAsync();
        foreach (string file in Directory.GetFiles(Path.Combine(tables.Folder, "tables", "000002", "generation-0001", "shard-0000")).Where(static file => new FileInfo(file).Length > 0))
        {
            byte[] bytes = await File.ReadAllBytesAsync(file);
            Array.Fill(bytes, (byte)0xA5);
            await File.WriteAllBytesAsync(file, bytes);
        }

        IReadOnlyList<ShardSlot> failed = await tables.ReopenAsync();
        using TableLease good = tables.Catalog.Lease("good");
        using TableLease bad = tables.Catalog.Lease("bad");

        Assert.Equal("bad/0", Assert.Single(failed).Name);
        Assert.Equal(16, (await tables.GetAsync(good.Table, "[:]")).Length);
        Assert.Equal(ErrorCode.ShardUnavailable, (await Assert.ThrowsAsync<EmbedStoreException>(() => tables.GetAsync(bad.Table, "[:]"))).Code);
    }
}
