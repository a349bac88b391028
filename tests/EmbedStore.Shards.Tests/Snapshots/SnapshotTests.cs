using System.Text;
using EmbedStore.Tensors;
using static EmbedStore.Shards.Tests.Shards;

namespace EmbedStore.Shards.Tests;

/// <summary>A snapshot holds what it says, replaces the log before it, and is never believed unseen.</summary>
public sealed class SnapshotTests
{
    [Fact]
    public async Task OpenAsync_WithSnapshots_ReplaysOnlyTheLogBehindTheNewest()
    {
        var disk = new FaultyDisk();
        await using (Shard shard = await OpenAsync(disk, segmentByteCountMax: 4096))
        {
            await FillAsync(shard, 0, 100);
            SnapshotInfo first = await shard.SnapshotAsync(1);
            Assert.Equal((1, 100, 100), (first.Id, first.Version, first.RowCount));
            Assert.Equal(0, shard.UnsavedByteCount);
            await FillAsync(shard, 100, 200);
            int segments = shard.Statistics.SegmentCount;
            await shard.SnapshotAsync(2);
            Assert.True(shard.Statistics.SegmentCount < segments, "The log before the older snapshot was cut.");
            await FillAsync(shard, 200, 210);
            Assert.InRange(shard.UnsavedByteCount, 1, 10 * 200);
        }

        await using Shard reopened = await OpenAsync(disk.AfterPowerCut(), segmentByteCountMax: 4096);
        AssertFilled(reopened, 210);
        Assert.Equal((210, 210), (reopened.Version, reopened.RowCount));
        Assert.InRange(reopened.UnsavedByteCount, 1, 10 * 200);
    }

    [Fact]
    public async Task SnapshotAsync_ThirdOne_KeepsTheTwoNewestAndTheLogBehindTheOlder()
    {
        var disk = new FaultyDisk();
        await using Shard shard = await OpenAsync(disk, segmentByteCountMax: 4096);
        for (int i = 1; i <= 4; i++)
        {
            await FillAsync(shard, (i - 1) * 50, i * 50);
            await shard.SnapshotAsync(i);
        }

        string[] names = [.. disk.FileNames(Folder).Where(name => name.StartsWith("snapshot-", StringComparison.Ordinal))];
        Assert.Equal(["snapshot-0000000003.manifest", "snapshot-0000000003.rows", "snapshot-0000000004.manifest", "snapshot-0000000004.rows"], names);
        Assert.InRange(shard.Statistics.FirstLsn, 2, 150);
    }

    [Fact]
    public async Task SnapshotAsync_BesideManyWriters_HoldsEveryWriteOnce()
    {
        const int Rows = 500, Writers = 4, Rounds = 60;
        var disk = new FaultyDisk();
        Shard shard = await OpenAsync(disk, segmentByteCountMax: 1 << 16);
        long[] ids = [.. Enumerable.Range(0, Rows).Select(i => (long)i)];
        float[] ones = [.. Enumerable.Repeat(1f, Rows * Width)];
        Task[] writers = [.. Enumerable.Range(0, Writers).Select(_ => Task.Run(async () =>
        {
            for (int round = 0; round < Rounds; round++)
            {
                await shard.WriteAsync(Accumulate(ids, ones));
            }
        }))];
        long id = 0;
        while (!Task.WhenAll(writers).IsCompleted)
        {
            await shard.SnapshotAsync(++id);
            FaultyDisk now = disk.AfterPowerCut();
            await using Shard other = await OpenAsync(now);
            float[] values = other.Firsts(ids);
            Assert.All(values, value => Assert.Equal(other.Version, value));
        }

        await Task.WhenAll(writers);
        await shard.DisposeAsync();
        await using Shard reopened = await OpenAsync(disk.AfterPowerCut());
        Assert.All(reopened.Firsts(ids), value => Assert.Equal(Writers * Rounds, value));
        Assert.Equal(Rows, reopened.RowCount);
    }

    [Theory]
    [InlineData(31)]
    [InlineData(32)]
    public async Task OpenAsync_NewestSnapshotDamagedAnywhere_ReadsTheOlderOneAndTheLog(int seed)
    {
        var random = new Random(seed);
        FaultyDisk whole = await DiskWithTwoSnapshotsAsync();
        foreach (string file in whole.FileNames(Folder).Where(name => name.StartsWith("snapshot-0000000002", StringComparison.Ordinal)))
        {
            for (int round = 0; round < 40; round++)
            {
                FaultyDisk disk = whole.AfterPowerCut();
                disk.Corrupt($"{Folder}/{file}", bytes => Damage(bytes, random));
                await using Shard shard = await OpenAsync(disk);
                AssertFilled(shard, 220);
                Assert.Equal((220, 220), (shard.Version, shard.RowCount));
            }
        }
    }

    [Theory]
    [InlineData(41)]
    [InlineData(42)]
    public async Task OpenAsync_BothSnapshotsDamaged_RefusesWithFileAndByteAndChangesNothing(int seed)
    {
        var random = new Random(seed);
        FaultyDisk whole = await DiskWithTwoSnapshotsAsync();
        for (int round = 0; round < 40; round++)
        {
            FaultyDisk disk = whole.AfterPowerCut();
            foreach (string file in disk.FileNames(Folder).Where(name => name.EndsWith(round % 2 == 0 ? ".rows" : ".manifest", StringComparison.Ordinal)).ToList())
            {
                disk.Corrupt($"{Folder}/{file}", bytes => Damage(bytes, random));
            }

            var before = Files(disk);
            ShardDamagedException refusal = await Assert.ThrowsAsync<ShardDamagedException>(() => OpenAsync(disk));
            Assert.StartsWith($"{Folder}/snapshot-0000000002", refusal.File, StringComparison.Ordinal);
            Assert.InRange(refusal.ByteOffset, 0, long.MaxValue);
            Assert.Equal(before, Files(disk));
        }
    }

    [Fact]
    public async Task OpenAsync_SnapshotsGone_RefusesBecauseTheLogBeginsLater()
    {
        FaultyDisk disk = await DiskWithTwoSnapshotsAsync();
        foreach (string file in disk.FileNames(Folder).Where(name => name.StartsWith("snapshot-", StringComparison.Ordinal)).ToList())
        {
            disk.Delete($"{Folder}/{file}");
        }

        ShardDamagedException refusal = await Assert.ThrowsAsync<ShardDamagedException>(() => OpenAsync(disk));
        Assert.Contains("no snapshot", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task OpenAsync_LogBehindTheSnapshotGone_Refuses()
    {
        FaultyDisk disk = await DiskWithTwoSnapshotsAsync();
        foreach (string file in disk.FileNames(Folder).Where(LogFormat.IsSegmentName).ToList())
        {
            disk.Delete($"{Folder}/{file}");
        }

        await Assert.ThrowsAsync<ShardDamagedException>(() => OpenAsync(disk));
    }

    [Fact]
    public async Task OpenAsync_SnapshotOfALaterVersion_RefusesAndTouchesNothing()
    {
        FaultyDisk disk = await DiskWithTwoSnapshotsAsync();
        disk.Corrupt($"{Folder}/snapshot-0000000002.manifest", bytes =>
        {
            string text = Encoding.UTF8.GetString(bytes)[..^16].Replace("\"format\": 1", "\"format\": 2", StringComparison.Ordinal);
            byte[] body = Encoding.UTF8.GetBytes(text);
            return [.. body, .. Encoding.ASCII.GetBytes($"crc32c {Crc32C.Append(0, body):x8}\n")];
        });
        ShardDamagedException refusal = await Assert.ThrowsAnyAsync<ShardDamagedException>(() => OpenAsync(disk));
        Assert.Contains("format version 2", refusal.Message, StringComparison.Ordinal);
        Assert.True(disk.FileExists($"{Folder}/snapshot-0000000002.rows"));
    }

    [Theory]
    [InlineData("begun")]
    [InlineData("ended")]
    [InlineData("saved")]
    public async Task SnapshotAsync_PowerCutAtAnyStep_LosesNothing(string step)
    {
        var disk = new FaultyDisk();
        Shard shard = await OpenAsync(disk);
        await FillAsync(shard, 0, 50);
        await shard.SnapshotAsync(1);
        await FillAsync(shard, 50, 80);
        await using ShardSnapshot snapshot = await shard.BeginSnapshotAsync(2, CancellationToken.None);
        await FillAsync(shard, 80, 90);
        if (step != "begun")
        {
            await snapshot.EndAsync();
        }

        if (step == "saved")
        {
            await snapshot.SaveAsync();
            await snapshot.KeepAsync(snapshot.PreviousId);
        }

        await FillAsync(shard, 90, 100);
        FaultyDisk after = disk.AfterPowerCut();
        await using Shard reopened = await OpenAsync(after);
        AssertFilled(reopened, 100);
        Assert.Equal(step == "saved", after.FileExists($"{Folder}/snapshot-0000000002.rows"));
        await snapshot.DisposeAsync();
        await shard.DisposeAsync();
    }

    [Fact]
    public async Task SnapshotAsync_DiskFullOrFailing_LeavesNothingAndTheShardServesOn()
    {
        var disk = new FaultyDisk();
        await using Shard shard = await OpenAsync(disk);
        await FillAsync(shard, 0, 50);
        await shard.SnapshotAsync(1);

        disk.ClaimedFreeBytes = 10;
        await Assert.ThrowsAsync<DiskFullException>(() => shard.SnapshotAsync(2));
        disk.ClaimedFreeBytes = null;
        disk.FailWrite = path => path.Contains("snapshot", StringComparison.Ordinal);
        await Assert.ThrowsAsync<IOException>(() => shard.SnapshotAsync(3));
        disk.FailWrite = _ => false;
        disk.FailFlush = path => path.Contains("snapshot", StringComparison.Ordinal);
        await Assert.ThrowsAsync<IOException>(() => shard.SnapshotAsync(4));
        disk.FailFlush = _ => false;

        Assert.True(shard.AcceptsWrites);
        await FillAsync(shard, 50, 60);
        AssertFilled(shard, 60);
        Assert.Equal(2, disk.FileNames(Folder).Count(name => name.StartsWith("snapshot", StringComparison.Ordinal)));
        Assert.Equal(60, (await shard.SnapshotAsync(5)).Version);
    }

    [Fact]
    public async Task DisposeAsync_WhileASnapshotIsWritten_EndsIt()
    {
        var disk = new FaultyDisk();
        Shard shard = await OpenAsync(disk);
        await FillAsync(shard, 0, 50);
        ShardSnapshot snapshot = await shard.BeginSnapshotAsync(1, CancellationToken.None);
        Task closing = shard.DisposeAsync().AsTask();
        Assert.False(closing.IsCompleted);
        await snapshot.DisposeAsync();
        await closing;
        await Assert.ThrowsAsync<ObjectDisposedException>(() => shard.BeginSnapshotAsync(2, CancellationToken.None));
        Assert.DoesNotContain(disk.FileNames(Folder), name => name.StartsWith("snapshot", StringComparison.Ordinal));
    }

    [Fact]
    public async Task OpenAsync_WithSnapshot_KnowsWritersStepsAndErasedRows()
    {
        var disk = new FaultyDisk();
        var format = new RowFormat(ElementType.F32, Width, optimizer: new SgdOptimizer { Rate = 0.5 });
        await using (Shard shard = await OpenAsync(disk, format: format))
        {
            await shard.WriteAsync(Row(1, 1));
            await shard.WriteAsync(Row(2, 1));
            await shard.WriteAsync(Erase(2));
            await shard.WriteAsync(new RowWrite { Kind = RowWriteKind.Erase, RowIds = default, Writer = new WriterStamp("trainer", 3, 17, [0, 2]) });
            await shard.WriteAsync(new RowWrite
            {
                Kind = RowWriteKind.Apply,
                RowIds = new long[] { 1 },
                Columns = ColumnRange.All(Width),
                Values = new byte[Width * sizeof(float)],
                Step = new OptimizerStep(0.5, 9),
            });
            await shard.SnapshotAsync(1);
            await shard.WriteAsync(Row(3, 1));
            await shard.SnapshotAsync(2);
        }

        await using Shard reopened = await OpenAsync(disk.AfterPowerCut(), format: format);
        WriterState state = reopened.WriterState("trainer")!;
        Assert.Equal((3, 17, 0), (state.Epoch, state.Sequence, state.StepNumber));
        Assert.Equal([0, 2], state.Parts);
        Assert.Equal((9, 2), (reopened.StepNumber, reopened.RowCount));
        Assert.Equal((RowStatus.Erased, 3), reopened.StatusOf(2));
        Assert.Equal((RowStatus.NeverWritten, 0), reopened.StatusOf(4));
    }

    private static async Task<FaultyDisk> DiskWithTwoSnapshotsAsync()
    {
        var disk = new FaultyDisk();
        await using (Shard shard = await OpenAsync(disk, segmentByteCountMax: 4096))
        {
            await FillAsync(shard, 0, 100);
            await shard.SnapshotAsync(1);
            await FillAsync(shard, 100, 200);
            await shard.SnapshotAsync(2);
            await FillAsync(shard, 200, 220);
        }

        return disk.AfterPowerCut();
    }

    private static byte[] Damage(byte[] bytes, Random random)
    {
        int at = random.Next(bytes.Length);
        switch (random.Next(3))
        {
            case 0:
                bytes[at] ^= (byte)(1 << random.Next(8));
                return bytes;
            case 1:
                Span<byte> sector = bytes.AsSpan(at, Math.Min(512, bytes.Length - at));
                bool isZero = !sector.ContainsAnyExcept((byte)0);
                sector.Clear();
                bytes[at] = isZero ? (byte)1 : (byte)0;
                return bytes;
            default:
                return bytes[..at];
        }
    }

    private static async Task FillAsync(Shard shard, int first, int end)
    {
        for (int i = first; i < end; i++)
        {
            Assert.Equal(WriteOutcome.Committed, (await shard.WriteAsync(Row(i, i))).Outcome);
        }
    }

    private static void AssertFilled(Shard shard, int count) =>
        Assert.Equal([.. Enumerable.Range(0, count).Select(i => (float)i)], shard.Firsts([.. Enumerable.Range(0, count).Select(i => (long)i)]));

    private static List<(string Name, string Content)> Files(FaultyDisk disk) =>
        [.. disk.FileNames(Folder).Where(name => name != "owner").Select(name => (name, Convert.ToHexString(disk.ReadAll($"{Folder}/{name}"))))];

    private static Task<Shard> OpenAsync(FaultyDisk disk, long segmentByteCountMax = 1 << 20, RowFormat? format = null) =>
        Shards.OpenAsync(Options(disk, segmentByteCountMax: segmentByteCountMax), format);
}
