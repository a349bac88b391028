using System.Runtime.InteropServices;
using EmbedStore.Tensors;
using static EmbedStore.Shards.Tests.Shards;

namespace EmbedStore.Shards.Tests;

public sealed class TimeToLiveTests
{
    private static readonly TimeSpan Millisecond = TimeSpan.FromMilliseconds(1);
    private readonly ManualTime _time = new();
    private readonly FaultyDisk _disk = new();

    [Fact]
    public async Task Read_RowOlderThanItsTimeToLive_IsExpiredAndLeavesItsSlot()
    {
        await using Shard shard = await OpenAsync(100);
        await shard.WriteAsync(Row(1, 5));
        _time.Advance(100 * Millisecond);
        await shard.WriteAsync(Row(2, 6));
        Assert.Equal((RowStatus.Found, 1), shard.StatusOf(1));

        _time.Advance(Millisecond);

        Assert.Equal((RowStatus.Expired, 1), shard.StatusOf(1));
        Assert.Equal([float.NaN, 6], shard.Firsts(1, 2));
        Assert.Equal([2L], shard.RowIds());
        Assert.Equal(2, shard.RowCount);
    }

    [Fact]
    public async Task WriteAsync_OntoAnExpiredRow_StartsAfreshAndSoDoesTheReplay()
    {
        await using (Shard shard = await OpenAsync(100))
        {
            await shard.WriteAsync(Accumulate([1, 2], 5, 5, 5, 5, 5, 5, 5, 5));
            _time.Advance(100 * Millisecond);
            await shard.WriteAsync(Accumulate([2], 1, 1, 1, 1));
            _time.Advance(Millisecond);
            await shard.WriteAsync(Accumulate([1, 2], 1, 1, 1, 1, 1, 1, 1, 1));
            Assert.Equal([1f, 7f], shard.Firsts(1, 2));
        }

        await using Shard reopened = await OpenAsync(100);
        Assert.Equal([1f, 7f], reopened.Firsts(1, 2));
        Assert.Equal(2, reopened.RowCount);
    }

    /// <summary>Rows expire by the clock; were a record allowed to be older than the one before, a replay would decide otherwise.</summary>
    [Fact]
    public async Task WriteAsync_ClockThatGoesBack_LeavesTheShardsTimeWhereItWas()
    {
        await using (Shard shard = await OpenAsync(100))
        {
            await shard.WriteAsync(Row(1, 5));
            _time.Advance(101 * Millisecond);
            await shard.WriteAsync(Row(2, 5));
            _time.Advance(-90 * Millisecond);
            Assert.Equal(RowStatus.Expired, shard.StatusOf(1).Status);
            await shard.WriteAsync(Accumulate([1], 1, 1, 1, 1));
            Assert.Equal([1f], shard.Firsts(1));
        }

        await using Shard reopened = await OpenAsync(100);
        Assert.Equal([1f], reopened.Firsts(1));
    }

    [Fact]
    public async Task EraseAsync_ExpiredRow_IsMissingAlready()
    {
        await using Shard shard = await OpenAsync(100);
        await shard.WriteAsync(Row(1, 5));
        _time.Advance(101 * Millisecond);

        Assert.Equal(0, (await shard.WriteAsync(Erase(1))).RowCount);
        Assert.Equal(RowStatus.Expired, shard.StatusOf(1).Status);
    }

    [Fact]
    public async Task PurgeAsync_ExpiredRows_AreHeadersFromThenOnAlsoAfterAReplay()
    {
        const int Rows = 5000;
        await using (Shard shard = await OpenAsync(100))
        {
            await FillAsync(shard, Rows);
            _time.Advance(50 * Millisecond);
            await shard.WriteAsync(Row(3, 1));
            _time.Advance(51 * Millisecond);
            long before = shard.Statistics.Bytes.Rows;

            Assert.Equal(Rows - 1, await shard.PurgeAsync());

            Assert.InRange(shard.Statistics.Bytes.Rows - before, Rows * 48L, (Rows * 48L) + (1 << 14));
            AssertOneIsLeft(shard);
            Assert.Equal(0, await shard.PurgeAsync());
        }

        await using Shard reopened = await OpenAsync(100);
        AssertOneIsLeft(reopened);

        static void AssertOneIsLeft(Shard shard)
        {
            Assert.Equal(1, shard.RowCount);
            var statuses = new RowStatus[Rows];
            shard.Read([.. Enumerable.Range(0, Rows).Select(static i => (long)i)], [], new byte[Rows * shard.Format.DataByteCount], statuses, Memory<long>.Empty);
            Assert.Equal([3], Enumerable.Range(0, Rows).Where(i => statuses[i] == RowStatus.Found));
            Assert.Equal(Rows - 1, statuses.Count(static status => status == RowStatus.Expired));
        }
    }

    /// <summary>A write of a row that expired meets a purge that was decided before it.</summary>
    [Fact]
    public async Task PurgeAsync_BesideWritersOfTheSameRows_TakesNothingThatWasAcknowledged()
    {
        await using Shard shard = await OpenAsync(1);
        long[] ids = [.. Enumerable.Range(0, 300).Select(static i => (long)i)];
        for (int round = 1; round <= 30; round++)
        {
            _time.Advance(2 * Millisecond);
            Task<long> purge = shard.PurgeAsync();
            await shard.WriteAsync(Assign(ids, [.. Enumerable.Repeat((float)round, ids.Length * Width)]));
            await purge;
            Assert.All(shard.Firsts(ids), first => Assert.Equal(round, first));
            Assert.Equal(ids.Length, shard.RowCount);
        }
    }

    [Fact]
    public async Task Shard_TimePasses_PurgesByItself()
    {
        await using Shard shard = await OpenAsync(100, purgeInterval: TimeSpan.FromSeconds(1));
        await FillAsync(shard, 10);

        // Whether a purge was still under way when its next turn came does not matter: turns go on.
        while (shard.RowCount > 0)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            await shard.WriteAsync(Erase(77));
        }

        Assert.Equal(RowStatus.Expired, shard.StatusOf(9).Status);
    }

    [Fact]
    public async Task OpenAsync_OtherTimeToLiveOrAdmission_IsRefused()
    {
        await (await OpenAsync(100)).DisposeAsync();
        await Assert.ThrowsAsync<ArgumentException>(() => OpenAsync(101));
        await Assert.ThrowsAsync<ArgumentException>(() => Shards.OpenAsync(Options(_disk), Format(100) with { AdmissionCount = 2 }));
    }

    /// <summary>Two shards get the same updates, one of them is closed and opened all the time: a bit that differs once differs for good.</summary>
    [Theory]
    [InlineData(301)]
    [InlineData(302)]
    public async Task Replay_TrainedRowsThatExpireAndAreAdmitted_AreTheSameToTheBit(int seed)
    {
        var random = new Random(seed);
        var optimizer = new AdamOptimizer { Rate = 0.1, Beta1 = 0.9, Beta2 = 0.99, Epsilon = 1e-8, StochasticRoundingSeed = 5 };
        var format = new RowFormat(ElementType.BF16, Width, initializer: RowInitializer.Uniform(-1, 1, seed), optimizer: optimizer) { TimeToLiveMilliseconds = 30, AdmissionCount = 2 };
        Task<Shard> OpenAsync(IDisk disk) => Shards.OpenAsync(Options(disk, time: _time), format);
        var (stays, moves) = (new FaultyDisk(), new FaultyDisk());
        await using Shard left = await OpenAsync(stays);
        Shard right = await OpenAsync(moves);
        for (int step = 1; step <= 200; step++)
        {
            _time.Advance(random.Next(4) * Millisecond);
            long[] ids = [.. Enumerable.Range(0, random.Next(1, 40)).Select(_ => (long)random.Next(150))];
            float[] gradients = [.. Enumerable.Range(0, ids.Length * Width).Select(_ => (random.NextSingle() * 2) - 1)];
            var write = new RowWrite
            {
                Kind = RowWriteKind.Apply,
                RowIds = ids,
                Columns = new ColumnRange(0, Width, 1),
                Values = MemoryMarshal.AsBytes(gradients.AsSpan()).ToArray(),
                Step = new OptimizerStep(0.1, step),
            };
            await left.WriteAsync(write);
            await right.WriteAsync(write);
            if (step % 20 == 0)
            {
                await right.DisposeAsync();
                right = await OpenAsync(moves);
            }
        }

        long[] all = [.. Enumerable.Range(0, 150).Select(static i => (long)i)];
        Assert.Equal(RowsOf(left, all), RowsOf(right, all));
        await right.DisposeAsync();
    }

    private static (string Data, string Statuses) RowsOf(Shard shard, long[] ids)
    {
        byte[] data = new byte[ids.Length * shard.Format.DataByteCount];
        var statuses = new RowStatus[ids.Length];
        shard.Read(ids, [], data, statuses, Memory<long>.Empty);
        return (Convert.ToHexString(data), string.Join(' ', statuses));
    }

    private static async Task FillAsync(Shard shard, int rowCount) => await shard.WriteAsync(Assign(
        [.. Enumerable.Range(0, rowCount).Select(static i => (long)i)], [.. Enumerable.Repeat(2f, rowCount * Width)]));

    private static RowFormat Format(long timeToLive) => FourFloats with { TimeToLiveMilliseconds = timeToLive };

    private Task<Shard> OpenAsync(long timeToLive, TimeSpan? purgeInterval = null) =>
        Shards.OpenAsync(Options(_disk, time: _time) with { PurgeInterval = purgeInterval ?? TimeSpan.FromDays(1) }, Format(timeToLive));
}
