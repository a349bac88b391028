using static EmbedStore.Shards.Tests.Shards;

namespace EmbedStore.Shards.Tests;

/// <summary>What a failing, full or lying disk may and may not do to a shard.</summary>
public sealed class FaultTests
{
    private static bool IsSegment(string path) => path.EndsWith(".seg", StringComparison.Ordinal);

    [Fact]
    public async Task WriteAsync_PowerCutWithoutDispose_LosesNothingAcknowledged()
    {
        var disk = new FaultyDisk();
        Shard shard = await OpenAsync(disk, segmentByteCountMax: 4096);
        for (int i = 0; i < 200; i++)
        {
            Assert.Equal(WriteOutcome.Committed, (await shard.WriteAsync(Row(i, i))).Outcome);
        }

        await using Shard reopened = await OpenAsync(disk.AfterPowerCut());
        Assert.Equal([.. Enumerable.Range(0, 200).Select(i => (float)i)], reopened.Firsts([.. Enumerable.Range(0, 200).Select(i => (long)i)]));
        Assert.True(reopened.Statistics.SegmentCount > 3);
        await shard.DisposeAsync();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task WriteAsync_PowerCutInTheMiddleOfAGroup_KeepsAcknowledgedAndTakesEachRecordWholeOrNot(int seed)
    {
        var random = new Random(seed);
        for (int round = 0; round < 40; round++)
        {
            var disk = new FaultyDisk();
            Shard shard = await OpenAsync(disk);
            int acknowledged = random.Next(1, 6);
            for (int i = 0; i < acknowledged; i++)
            {
                await shard.WriteAsync(Row(i, 1));
            }

            // The group's bytes reach the file, its flush does not: then the power goes.
            disk.FailFlush = IsSegment;
            int big = random.Next(1, 200);
            long[] ids = [.. Enumerable.Range(100, big).Select(i => (long)i)];
            Task<WriteReceipt>[] lost = [.. Enumerable.Range(0, 3).Select(_ => shard.WriteAsync(Accumulate(ids, [.. Enumerable.Repeat(1f, big * Width)])))];
            Assert.All(await Task.WhenAll(lost), receipt => Assert.Equal(WriteOutcome.Unavailable, receipt.Outcome));

            await using Shard reopened = await OpenAsync(disk.AfterPowerCut(random));
            Assert.All(reopened.Firsts([.. Enumerable.Range(0, acknowledged).Select(i => (long)i)]), value => Assert.Equal(1f, value));
            Assert.Single(reopened.Firsts(ids).Distinct());
            Assert.Equal(WriteOutcome.Committed, (await reopened.WriteAsync(Row(0, 2))).Outcome);
            await shard.DisposeAsync();
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task WriteAsync_DeviceFails_IsNeverAcknowledgedAndPoisonsUntilReopened(bool atFlush)
    {
        var disk = new FaultyDisk();
        Shard shard = await OpenAsync(disk);
        await shard.WriteAsync(Row(1, 1));
        disk.FailFlush = path => atFlush && IsSegment(path);
        disk.FailWrite = path => !atFlush && IsSegment(path);

        Assert.Equal(WriteOutcome.Unavailable, (await shard.WriteAsync(Row(2, 2))).Outcome);
        disk.FailFlush = disk.FailWrite = _ => false;
        Assert.Equal(new WriteReceipt(WriteOutcome.Unavailable, 1, 0), await shard.WriteAsync(Row(3, 3)));
        Assert.False(shard.AcceptsWrites);
        Assert.Equal([1f, float.NaN, float.NaN], shard.Firsts(1, 2, 3));
        await shard.DisposeAsync();

        await using Shard reopened = await OpenAsync(disk.AfterPowerCut());
        Assert.Equal([1f, float.NaN], reopened.Firsts(1, 3));
        Assert.Equal(WriteOutcome.Committed, (await reopened.WriteAsync(Row(3, 3))).Outcome);
    }

    [Fact]
    public async Task WriteAsync_ReserveReached_AnswersStorageFullAndResumes()
    {
        var disk = new FaultyDisk();
        await using Shard shard = await OpenAsync(disk);
        await shard.WriteAsync(Row(1, 1));
        byte[] before = disk.ReadAll(SegmentOf(disk));
        disk.ClaimedFreeBytes = 10;

        Assert.Equal(new WriteReceipt(WriteOutcome.StorageFull, 1, 0), await shard.WriteAsync(Row(2, 2)));
        Assert.Equal(before, disk.ReadAll(SegmentOf(disk)));
        Assert.Equal([1f, float.NaN], shard.Firsts(1, 2));

        disk.ClaimedFreeBytes = null;
        Assert.Equal(new WriteReceipt(WriteOutcome.Committed, 2, 1), await shard.WriteAsync(Row(2, 2)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(90)]
    public async Task WriteAsync_DiskFillsWithinTheRecord_LeavesNoGarbageAndResumes(int room)
    {
        var disk = new FaultyDisk { ClaimedFreeBytes = long.MaxValue / 2 };
        Shard shard = await OpenAsync(disk);
        await shard.WriteAsync(Row(1, 1));
        byte[] before = disk.ReadAll(SegmentOf(disk));
        disk.FreeBytes = room;
        Assert.Equal(WriteOutcome.StorageFull, (await shard.WriteAsync(Row(2, 2))).Outcome);
        Assert.Equal(before, disk.ReadAll(SegmentOf(disk)));

        disk.FreeBytes = 1 << 20;
        Assert.Equal(WriteOutcome.Committed, (await shard.WriteAsync(Row(3, 3))).Outcome);
        await using Shard reopened = await OpenAsync(disk.AfterPowerCut());
        Assert.Equal([1f, float.NaN, 3f], reopened.Firsts(1, 2, 3));
        await shard.DisposeAsync();
    }

    [Fact]
    public async Task WriteAsync_DiskFullAndTheCutFails_Poisons()
    {
        var disk = new FaultyDisk { ClaimedFreeBytes = long.MaxValue / 2 };
        Shard shard = await OpenAsync(disk);
        await shard.WriteAsync(Row(1, 1));
        (disk.FreeBytes, disk.FailSetLength) = (50, IsSegment);
        Assert.Equal(WriteOutcome.Unavailable, (await shard.WriteAsync(Row(2, 2))).Outcome);
        (disk.FreeBytes, disk.FailSetLength) = (1 << 20, _ => false);
        Assert.Equal(WriteOutcome.Unavailable, (await shard.WriteAsync(Row(3, 3))).Outcome);
        await shard.DisposeAsync();
        await using Shard reopened = await OpenAsync(disk);
        Assert.Equal([1f, float.NaN, float.NaN], reopened.Firsts(1, 2, 3));
        Assert.True(reopened.Statistics.CutByteCount > 0);
    }

    [Fact]
    public async Task WriteAsync_NewSegmentCannotBeMade_AnswersStorageFullAndResumes()
    {
        var disk = new FaultyDisk { ClaimedFreeBytes = long.MaxValue / 2, FreeBytes = 10_000 };
        await using Shard shard = await OpenAsync(disk, segmentByteCountMax: 4096);
        WriteReceipt receipt;
        int committed = 0;
        while ((receipt = await shard.WriteAsync(Row(committed, committed))).Outcome == WriteOutcome.Committed)
        {
            committed++;
        }

        Assert.Equal(WriteOutcome.StorageFull, receipt.Outcome);
        disk.FreeBytes = 1 << 20;
        for (int i = 0; i < 100; i++)
        {
            Assert.Equal(WriteOutcome.Committed, (await shard.WriteAsync(Row(committed, 7))).Outcome);
        }
    }

    [Fact]
    public async Task WriteAsync_IntervalDurability_FlushesWhenTheTimerSaysSo()
    {
        var disk = new FaultyDisk();
        var time = new ManualTime();
        Shard shard = await OpenAsync(disk, Durability.Interval, time: time);
        await shard.WriteAsync(Row(1, 1));
        await AssertAfterPowerCut(disk, [float.NaN], 1);

        time.Advance(TimeSpan.FromMilliseconds(100));
        await shard.WriteAsync(Row(2, 2)); // Queued behind the timer's wake-up or handled with it: either way the flush is over when the next one is answered.
        await shard.WriteAsync(Row(3, 3));
        await AssertAfterPowerCut(disk, [1f], 1);
        await shard.DisposeAsync();
        await AssertAfterPowerCut(disk, [1f, 2f, 3f], 1, 2, 3);
    }

    [Fact]
    public async Task WriteAsync_NoDurability_IsFlushedAtDispose()
    {
        var disk = new FaultyDisk();
        Shard shard = await OpenAsync(disk, Durability.None);
        await shard.WriteAsync(Row(1, 1));
        await AssertAfterPowerCut(disk, [float.NaN], 1);
        await shard.DisposeAsync();
        await AssertAfterPowerCut(disk, [1f], 1);
    }

    [Fact]
    public async Task OpenAsync_AfterAProcessDiedBeforeItsFlush_MakesWhatItServesLasting()
    {
        var disk = new FaultyDisk();
        Shard shard = await OpenAsync(disk, Durability.None);
        await shard.WriteAsync(Row(1, 1));
        disk.FailFlush = IsSegment;
        await shard.DisposeAsync();
        disk.FailFlush = _ => false;

        await using Shard reopened = await OpenAsync(disk);
        Assert.Equal([1f], reopened.Firsts(1));
        await AssertAfterPowerCut(disk, [1f], 1);
    }

    [Fact]
    public async Task Read_ScratchGivesBackOtherBytes_SaysSoAndNeverReturnsThem()
    {
        var disk = new FaultyDisk();
        await using Shard shard = await OpenAsync(disk);
        for (int start = 0; start < 20_000; start += 1000)
        {
            long[] ids = [.. Enumerable.Range(start, 1000).Select(i => (long)i)];
            await shard.WriteAsync(Assign(ids, new float[ids.Length * Width]));
        }

        disk.Corrupt("/scratch/pages.0", bytes =>
        {
            for (int i = 0; i < bytes.Length; i += 16)
            {
                bytes[i + 12] ^= 0x40;
            }

            return bytes;
        });
        ShardDamagedException error = Assert.Throws<ShardDamagedException>(() => shard.Firsts([.. Enumerable.Range(0, 100).Select(i => (long)i)]));
        Assert.Equal("/scratch", error.File);
        Assert.Throws<ShardDamagedException>(() => shard.Firsts(19_999));
        Assert.Equal(WriteOutcome.Unavailable, (await shard.WriteAsync(Row(0, 1))).Outcome);
    }

    [Fact]
    public async Task WriteAsync_ScratchFails_AnswersUnavailableAndNothingHangs()
    {
        var disk = new FaultyDisk { FailWrite = path => path.StartsWith("/scratch", StringComparison.Ordinal) };
        Shard shard = await OpenAsync(disk);
        var receipt = new WriteReceipt(WriteOutcome.Committed, 0, 0);
        int committed = 0;
        for (int start = 0; start < 40_000 && receipt.Outcome == WriteOutcome.Committed; start += 1000)
        {
            long[] ids = [.. Enumerable.Range(start, 1000).Select(i => (long)i)];
            receipt = await shard.WriteAsync(Assign(ids, new float[ids.Length * Width]));
            committed += receipt.Outcome == WriteOutcome.Committed ? 1000 : 0;
        }

        Assert.Equal(WriteOutcome.Unavailable, receipt.Outcome);
        Assert.Throws<ShardDamagedException>(() => shard.Firsts(1));
        await shard.DisposeAsync();

        disk.FailWrite = _ => false;
        await using Shard reopened = await OpenAsync(disk);
        Assert.InRange(reopened.RowCount, committed, committed + 1000);
    }

    [Fact]
    public async Task WriteAsync_RowsThatWouldNotFitIntoScratch_AnswersStorageFull()
    {
        var disk = new FaultyDisk { ClaimedFreeBytes = 200_000 };
        await using Shard shard = await OpenAsync(disk);
        WriteReceipt receipt;
        int start = 0;
        do
        {
            long[] ids = [.. Enumerable.Range(start, 100).Select(i => (long)i)];
            receipt = await shard.WriteAsync(Assign(ids, new float[ids.Length * Width]));
            start += 100;
        }
        while (receipt.Outcome == WriteOutcome.Committed);

        Assert.Equal(WriteOutcome.StorageFull, receipt.Outcome);
        Assert.Empty(disk.FileNames("/scratch"));
        Assert.Equal([0f, 0f], shard.Firsts(0, start - 101));
    }

    private static async Task AssertAfterPowerCut(FaultyDisk disk, float[] expected, params long[] rowIds)
    {
        await using Shard shard = await OpenAsync(disk.AfterPowerCut());
        Assert.Equal(expected, shard.Firsts(rowIds));
    }

    private static string SegmentOf(FaultyDisk disk) => Path.Combine(Folder, disk.FileNames(Folder).Last(LogFormat.IsSegmentName));

    private static Task<Shard> OpenAsync(FaultyDisk disk, Durability durability = Durability.Commit, long segmentByteCountMax = 1 << 20, TimeProvider? time = null) =>
        Shards.OpenAsync(Options(disk, durability, segmentByteCountMax, time));
}
