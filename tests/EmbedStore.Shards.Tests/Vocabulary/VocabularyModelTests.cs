using static EmbedStore.Shards.Tests.Shards;

namespace EmbedStore.Shards.Tests;

/// <summary>Random updates, erases, evictions, purges and passing time against a model, through reopenings, power cuts and snapshots.</summary>
public sealed class VocabularyModelTests
{
    private const int IdCount = 400;

    [Theory]
    [InlineData(201, 0, 1)]
    [InlineData(202, 40, 1)]
    [InlineData(203, 0, 3)]
    [InlineData(204, 40, 3)]
    [InlineData(205, 40, 2)]
    [InlineData(206, 15, 4)]
    public async Task Shard_RandomOperations_HasTheStatusesOfTheModel(int seed, int timeToLive, int admission)
    {
        var random = new Random(seed);
        var time = new ManualTime();
        var model = new VocabularyModel(timeToLive, admission);
        var disk = new FaultyDisk();
        var format = new RowFormat(Tensors.ElementType.F32, Width, initializer: RowInitializer.Constant(7))
        {
            TimeToLiveMilliseconds = timeToLive > 0 ? timeToLive : null,
            AdmissionCount = admission,
        };
        Task<Shard> OpenAsync() => Shards.OpenAsync(Options(disk, segmentByteCountMax: 100_000, time: time), format);
        Shard shard = await OpenAsync();
        long snapshots = 0;
        for (int step = 0; step < 400; step++)
        {
            long[] ids = [.. Enumerable.Range(0, random.Next(1, 60)).Select(_ => (long)random.Next(IdCount) * 1_000_003)];
            time.Advance(TimeSpan.FromMilliseconds(random.Next(4)));
            string where = $"seed {seed}, step {step}";
            switch (random.Next(20))
            {
                case 0:
                    await shard.DisposeAsync();
                    shard = await OpenAsync();
                    break;
                case 1:
                    FaultyDisk after = disk.AfterPowerCut();
                    await shard.DisposeAsync();
                    disk = after;
                    shard = await OpenAsync();
                    break;
                case 2:
                    await shard.SnapshotAmidAsync(++snapshots, () => WriteBothAsync(shard, model, random, ids, Now(time)));
                    break;
                case 3 or 4:
                    await shard.WriteAsync(Erase(ids));
                    model.Erase(ids, shard.Version, Now(time));
                    break;
                case 5 or 6:
                    long bound = random.NextInt64(shard.Version + 2);
                    await shard.WriteAsync(new RowWrite { Kind = RowWriteKind.Evict, RowIds = ids, Bound = bound });
                    model.Evict(ids, bound, shard.Version);
                    break;
                case 7:
                    long before = shard.Version;
                    Assert.Equal(model.Purge(Now(time), before + 1), await shard.PurgeAsync());
                    break;
                case < 15:
                    await WriteBothAsync(shard, model, random, ids, Now(time));
                    break;
                default:
                    AssertSame(shard, model, ids, Now(time), where);
                    break;
            }
        }

        long[] all = [.. Enumerable.Range(0, IdCount).Select(i => i * 1_000_003L)];
        AssertSame(shard, model, all, Now(time), $"seed {seed}, end");
        Assert.Equal(model.StoredCount, shard.RowCount);
        Assert.Equal(all.Where(id => model.StatusOf(id, Now(time)) == RowStatus.Found), shard.RowIds().Order());
        await shard.DisposeAsync();
    }

    private static long Now(ManualTime time) => time.GetUtcNow().ToUnixTimeMilliseconds();

    private static async Task WriteBothAsync(Shard shard, VocabularyModel model, Random random, long[] ids, long now)
    {
        bool accumulate = random.Next(2) == 0;
        float[] values = [.. Enumerable.Range(0, ids.Length * Width).Select(_ => (float)random.Next(100))];
        WriteReceipt receipt = await shard.WriteAsync(accumulate ? Accumulate(ids, values) : Assign(ids, values));
        Assert.Equal((WriteOutcome.Committed, model.Write(ids, values, accumulate, receipt.Version, now)), (receipt.Outcome, receipt.RowCount));
    }

    private static void AssertSame(Shard shard, VocabularyModel model, long[] ids, long now, string where)
    {
        foreach (long id in ids)
        {
            RowStatus expected = model.StatusOf(id, now);
            (RowStatus status, long version) = shard.StatusOf(id);
            Assert.True(expected == status, $"{where}: id {id} is {status}, not {expected}");
            Assert.True(expected == RowStatus.NotAdmitted || model.VersionOf(id) == version, $"{where}: id {id} has version {version}, not {model.VersionOf(id)}");
            float[] row = expected == RowStatus.Found ? model.RowOf(id) : [float.NaN, float.NaN, float.NaN, float.NaN];
            Assert.True(row.AsSpan().SequenceEqual(shard.Read(id)), $"{where}: id {id}");
        }
    }
}
