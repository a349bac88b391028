using System.Buffers.Binary;
using static EmbedStore.Shards.Tests.Shards;

namespace EmbedStore.Shards.Tests;

/// <summary>An unfinished end is cut off; anything else that is wrong in a log refuses to open, says where, and changes nothing.</summary>
public sealed class LogDamageTests
{
    private const int RecordByteCount = 72 + 48 + 8 + 16 + 8; // Head, payload head, id, values, rounding.

    [Fact]
    public async Task OpenAsync_LogCutAtEveryByteOfItsLastTwoRecords_KeepsEveryRecordThatIsWhole()
    {
        const int RecordCount = 6;
        FaultyDisk whole = await DiskWithRecords(RecordCount);
        string segment = LastSegment(whole);
        int length = whole.ReadAll(segment).Length;
        Assert.Equal(64 + (RecordCount * RecordByteCount), length);

        for (int cut = length; cut >= length - (2 * RecordByteCount); cut--)
        {
            FaultyDisk disk = whole.AfterPowerCut();
            disk.Corrupt(segment, bytes => bytes[..cut]);
            int kept = (cut - 64) / RecordByteCount;
            await using (Shard shard = await OpenAsync(disk))
            {
                Assert.Equal((kept, kept), (shard.Version, shard.RowCount));
                Assert.Equal([.. Enumerable.Range(0, RecordCount).Select(i => i < kept ? i : float.NaN)], shard.Firsts(0, 1, 2, 3, 4, 5));
                Assert.Equal(kept + 1, (await shard.WriteAsync(Row(9, 9))).Version);
            }

            await using Shard again = await OpenAsync(disk);
            Assert.Equal([9f], again.Firsts(9));
        }
    }

    [Fact]
    public async Task OpenAsync_LastSegmentCutWithinItsHeader_GoesOnInTheSegmentBefore()
    {
        FaultyDisk whole = await DiskWithRecords(40, segmentByteCountMax: 4096);
        Assert.Equal(2, whole.FileNames(Folder).Count(LogFormat.IsSegmentName));
        int inFirst = (4096 - 64) / RecordByteCount;
        for (int cut = 0; cut < 64; cut++)
        {
            FaultyDisk disk = whole.AfterPowerCut();
            disk.Corrupt(LastSegment(disk), bytes => bytes[..cut]);
            await using Shard shard = await OpenAsync(disk);
            Assert.Equal(inFirst, shard.Version);
            Assert.Equal(inFirst + 1, (await shard.WriteAsync(Row(99, 99))).Version);
        }
    }

    [Theory]
    [InlineData(11)]
    [InlineData(12)]
    public async Task OpenAsync_BitFlippedAnywhereButInTheLastRecord_RefusesWithFileAndByteAndChangesNothing(int seed)
    {
        var random = new Random(seed);
        FaultyDisk whole = await DiskWithRecords(60, segmentByteCountMax: 4096);
        for (int round = 0; round < 150; round++)
        {
            FaultyDisk disk = whole.AfterPowerCut();
            string[] segments = [.. disk.FileNames(Folder).Where(LogFormat.IsSegmentName).Select(name => Path.Combine(Folder, name))];
            string victim = segments[random.Next(segments.Length)];
            int length = disk.ReadAll(victim).Length - (victim == segments[^1] ? RecordByteCount : 0);
            int at = random.Next(length);
            disk.FlipBit(victim, (at * 8) + random.Next(8));
            byte[] damaged = disk.ReadAll(victim);

            ShardDamagedException error = await Assert.ThrowsAsync<ShardDamagedException>(() => OpenAsync(disk));
            Assert.Equal(victim, error.File);
            Assert.InRange(error.ByteOffset, 0, at);
            Assert.True(at - error.ByteOffset < RecordByteCount, $"seed {seed}: byte {at} reported as {error.ByteOffset}");
            Assert.Equal(damaged, disk.ReadAll(victim));
        }
    }

    [Fact]
    public async Task OpenAsync_ZeroedSectorInTheMiddle_Refuses()
    {
        FaultyDisk disk = await DiskWithRecords(60);
        disk.Corrupt(LastSegment(disk), bytes =>
        {
            bytes.AsSpan(1024, 512).Clear();
            return bytes;
        });
        ShardDamagedException error = await Assert.ThrowsAsync<ShardDamagedException>(() => OpenAsync(disk));
        Assert.Equal(64 + ((1024 - 64) / RecordByteCount * RecordByteCount), error.ByteOffset);
    }

    [Fact]
    public async Task OpenAsync_SegmentMissingOrShortenedByARecord_Refuses()
    {
        FaultyDisk whole = await DiskWithRecords(100, segmentByteCountMax: 4096);
        string[] segments = [.. whole.FileNames(Folder).Where(LogFormat.IsSegmentName).Select(name => Path.Combine(Folder, name))];
        Assert.True(segments.Length > 2);
        foreach (string victim in segments[..^1])
        {
            FaultyDisk missing = whole.AfterPowerCut();
            missing.Delete(victim);
            await Assert.ThrowsAsync<ShardDamagedException>(() => OpenAsync(missing));

            FaultyDisk shortened = whole.AfterPowerCut();
            shortened.Corrupt(victim, bytes => bytes[..^RecordByteCount]);
            await Assert.ThrowsAsync<ShardDamagedException>(() => OpenAsync(shortened));
        }
    }

    [Fact]
    public async Task OpenAsync_OwnerFileDamagedOrMissing_Refuses()
    {
        FaultyDisk damaged = await DiskWithRecords(3);
        damaged.FlipBit("/shard/owner", 20 * 8);
        Assert.Equal("/shard/owner", (await Assert.ThrowsAsync<ShardDamagedException>(() => OpenAsync(damaged))).File);

        FaultyDisk missing = await DiskWithRecords(3);
        missing.Delete("/shard/owner");
        await Assert.ThrowsAsync<ShardDamagedException>(() => OpenAsync(missing));
    }

    [Fact]
    public async Task OpenAsync_SegmentOfALaterFormat_IsRefusedUntouched()
    {
        FaultyDisk disk = await DiskWithRecords(3);
        disk.Corrupt(LastSegment(disk), bytes =>
        {
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(8), 2);
            return bytes;
        });
        byte[] before = disk.ReadAll(LastSegment(disk));
        ShardDamagedException error = await Assert.ThrowsAsync<ShardDamagedException>(() => OpenAsync(disk));
        Assert.Equal("/shard/log-00000000000000000001.seg is damaged at byte 8: format version 2 is not known here, only 1.", error.Message);
        Assert.Equal(before, disk.ReadAll(LastSegment(disk)));
    }

    [Fact]
    public async Task OpenAsync_RecordLengthOfTwoGigabytes_IsATailAndAllocatesNothing()
    {
        FaultyDisk disk = await DiskWithRecords(3);
        disk.Corrupt(LastSegment(disk), bytes =>
        {
            BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(64 + (2 * RecordByteCount) + 8), int.MaxValue & ~7);
            return bytes;
        });
        await using Shard shard = await OpenAsync(disk);
        Assert.Equal(2, shard.Version);
    }

    private static string LastSegment(FaultyDisk disk) => Path.Combine(Folder, disk.FileNames(Folder).Last(LogFormat.IsSegmentName));

    private static async Task<FaultyDisk> DiskWithRecords(int count, long segmentByteCountMax = 1 << 20)
    {
        var disk = new FaultyDisk();
        await using Shard shard = await OpenAsync(disk, segmentByteCountMax);
        for (int i = 0; i < count; i++)
        {
            await shard.WriteAsync(Row(i, i));
        }

        return disk.AfterPowerCut();
    }

    private static Task<Shard> OpenAsync(FaultyDisk disk, long segmentByteCountMax = 4096) =>
        Shards.OpenAsync(Options(disk, segmentByteCountMax: segmentByteCountMax));
}
