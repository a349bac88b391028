using static EmbedStore.Shards.Tests.Shards;

namespace EmbedStore.Shards.Tests;

public sealed class ShardTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task OpenAsync_AfterDispose_FindsEveryRowAndVersion()
    {
        await using (Shard shard = await OpenAsync(_folder))
        {
            for (int i = 0; i < 100; i++)
            {
                WriteReceipt receipt = await shard.WriteAsync(Row(i * 7, i));
                Assert.Equal(new WriteReceipt(WriteOutcome.Committed, i + 1, 1), receipt);
            }

            await shard.WriteAsync(Erase(7, 8));
        }

        await using Shard reopened = await OpenAsync(_folder);
        Assert.Equal((101, 99), (reopened.Version, reopened.RowCount));
        Assert.Equal([0f, float.NaN, 2f, 99f], reopened.Firsts(0, 7, 14, 99 * 7));
        Assert.Equal((RowStatus.Found, 100), reopened.StatusOf(99 * 7));
        Assert.Equal((RowStatus.Erased, 101), reopened.StatusOf(7));
        Assert.Equal((RowStatus.NeverWritten, 0), reopened.StatusOf(8));
        Assert.Equal(2, reopened.Statistics.OwnerEpoch);
    }

    [Fact]
    public async Task OpenAsync_OnACopyOfTheFilesWhileOpen_FindsEverythingAcknowledged()
    {
        using var crashed = new TemporaryFolder();
        await using Shard shard = await OpenAsync(_folder);
        await shard.WriteAsync(Row(1, 1));
        await shard.WriteAsync(Row(2, 2));
        Copy(_folder.Log, crashed.Log);

        await using Shard reopened = await OpenAsync(crashed);
        Assert.Equal([1f, 2f], reopened.Firsts(1, 2));
    }

    [Fact]
    public async Task WriteAsync_VersionMinAhead_SkipsVersionsAndReopens()
    {
        await using (Shard shard = await OpenAsync(_folder))
        {
            await shard.WriteAsync(Row(1, 1));
            RowWrite ahead = new() { Kind = RowWriteKind.Erase, RowIds = new long[] { 1 }, VersionMin = 1000 };
            Assert.Equal(1000, (await shard.WriteAsync(ahead)).Version);
            Assert.Equal(1001, (await shard.WriteAsync(Row(1, 3))).Version);
        }

        await using Shard reopened = await OpenAsync(_folder);
        Assert.Equal((RowStatus.Found, 1001), reopened.StatusOf(1));
    }

    [Fact]
    public async Task WriteAsync_ManyCallersAtOnce_AreAllCommittedOnceInSomeOrder()
    {
        await using (Shard shard = await OpenAsync(_folder))
        {
            WriteReceipt[] receipts = await Task.WhenAll(Enumerable.Range(0, 500).Select(_ => Task.Run(() => shard.WriteAsync(Accumulate([5], 1, 1, 1, 1)))));
            Assert.Equal(Enumerable.Range(1, 500).Select(i => (long)i), receipts.Select(receipt => receipt.Version).Order());
            Assert.Equal([500f], shard.Firsts(5));
        }

        await using Shard reopened = await OpenAsync(_folder);
        Assert.Equal([500f], reopened.Firsts(5));
    }

    [Fact]
    public async Task Read_SlotsGiven_PutsRowsThereAndLeavesMissingSlotsAlone()
    {
        await using Shard shard = await OpenAsync(_folder);
        await shard.WriteAsync(Assign([10, 20], 1, 2, 3, 4, 5, 6, 7, 8));
        byte[] destination = new byte[3 * 16];
        Array.Fill(destination, (byte)0xEE);
        var statuses = new RowStatus[3];
        long[] versions = new long[3];

        int missing = shard.Read([20, 30, 10], [2, 1, 0], destination, statuses, versions);

        Assert.Equal(1, missing);
        Assert.Equal([RowStatus.Found, RowStatus.NeverWritten, RowStatus.Found], statuses);
        Assert.Equal([1, 0, 1], versions);
        Assert.Equal(1f, BitConverter.ToSingle(destination, 0));
        Assert.Equal(5f, BitConverter.ToSingle(destination, 32));
        Assert.All(destination[16..32], static value => Assert.Equal(0xEE, value));
    }

    [Fact]
    public async Task Read_SlotOutsideTheBlock_ThrowsAndWritesNothing()
    {
        await using Shard shard = await OpenAsync(_folder);
        await shard.WriteAsync(Row(1, 1));
        byte[] destination = new byte[2 * 16];
        Assert.Throws<ArgumentException>(() => shard.Read([1, 1], [0, 2], destination, new RowStatus[2], Memory<long>.Empty));
        Assert.Throws<ArgumentException>(() => shard.Read([1, 1], [0, -1], destination, new RowStatus[2], Memory<long>.Empty));
        Assert.Throws<ArgumentException>(() => shard.Read([1, 1, 1], [], destination, new RowStatus[2], Memory<long>.Empty));
        Assert.Throws<ArgumentException>(() => shard.Read([1], [], new byte[15], new RowStatus[1], Memory<long>.Empty));
        Assert.All(destination, static value => Assert.Equal(0, value));
    }

    [Fact]
    public async Task OpenAsync_AnotherFormat_IsRefused()
    {
        await (await OpenAsync(_folder)).DisposeAsync();
        ArgumentException error = await Assert.ThrowsAsync<ArgumentException>(() => OpenAsync(_folder, new RowFormat(Tensors.ElementType.F32, 8)));
        Assert.Contains("F32 width=4", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task OpenAsync_WhileOpen_IsLockedUntilDisposed()
    {
        await using (Shard shard = await OpenAsync(_folder))
        {
            await Assert.ThrowsAsync<ShardLockedException>(() => OpenAsync(_folder));
        }

        await (await OpenAsync(_folder)).DisposeAsync();
    }

    [Fact]
    public async Task Members_AfterDispose_SayThatTheShardIsClosed()
    {
        Shard shard = await OpenAsync(_folder);
        await shard.DisposeAsync();
        await shard.DisposeAsync();
        Assert.Throws<ObjectDisposedException>(() => shard.Firsts(1));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => shard.WriteAsync(Row(1, 1)));
    }

    [Fact]
    public async Task Read_TableLargerThanMemory_ReadsBackRight()
    {
        const int RowCount = 40_000; // 70 bytes each: ten times the memory.
        await using Shard shard = await OpenAsync(_folder);
        for (int start = 0; start < RowCount; start += 1000)
        {
            long[] ids = [.. Enumerable.Range(start, 1000).Select(i => (long)i)];
            await shard.WriteAsync(Assign(ids, [.. ids.SelectMany(id => Enumerable.Repeat((float)id, Width))]));
        }

        // Every tenth row once more, so that cold rows are changed too.
        long[] tenths = [.. Enumerable.Range(0, RowCount / 10).Select(i => i * 10L)];
        await shard.WriteAsync(Accumulate(tenths, [.. Enumerable.Repeat(0.5f, tenths.Length * Width)]));

        long[] all = [.. Enumerable.Range(0, RowCount).Select(i => (long)i)];
        float[] expected = [.. all.SelectMany(id => Enumerable.Repeat(id % 10 == 0 ? id + 0.5f : id, Width))];
        Assert.Equal(expected, shard.Read(all));
        Assert.True(shard.Statistics.Bytes.Memory < 1 << 20, $"{shard.Statistics}");
        Assert.Equal(RowCount, shard.RowCount);
    }

    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (string file in Directory.GetFiles(from).Where(file => Path.GetFileName(file) != "lock"))
        {
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        }
    }
}
