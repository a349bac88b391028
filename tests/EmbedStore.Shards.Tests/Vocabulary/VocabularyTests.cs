using EmbedStore.Tensors;
using static EmbedStore.Shards.Tests.Shards;

namespace EmbedStore.Shards.Tests;

/// <summary>Admission, eviction, and what is remembered of rows that are gone.</summary>
public sealed class VocabularyTests
{
    private readonly FaultyDisk _disk = new();

    [Fact]
    public async Task WriteAsync_FewerUpdatesThanAdmissionTakes_AreCountedAndNotApplied()
    {
        await using (Shard shard = await OpenAsync(admission: 3))
        {
            Assert.Equal(0, (await shard.WriteAsync(Accumulate([1, 1], 9, 9, 9, 9, 9, 9, 9, 9))).RowCount);
            Assert.Equal(RowStatus.NotAdmitted, shard.StatusOf(1).Status);
            Assert.Equal(RowStatus.NeverWritten, shard.StatusOf(2).Status);
            await shard.WriteAsync(Accumulate([1], 9, 9, 9, 9));
            Assert.Equal((0, 1), (shard.RowCount, shard.Statistics.CandidateCount));
        }

        await using Shard reopened = await OpenAsync(admission: 3);
        Assert.Equal(RowStatus.NotAdmitted, reopened.StatusOf(1).Status);
        Assert.Equal(1, (await reopened.WriteAsync(Accumulate([1, 1], 1, 1, 1, 1, 2, 2, 2, 2))).RowCount);
        Assert.Equal([3f], reopened.Firsts(1));
        Assert.Equal((1, 0), (reopened.RowCount, reopened.Statistics.CandidateCount));
    }

    [Fact]
    public async Task WriteAsync_ErasedOrEvictedId_IsCountedFromTheBeginning()
    {
        await using Shard shard = await OpenAsync(admission: 2);
        await WriteAsync(shard, 2, 1, 2, 3);
        await shard.WriteAsync(Erase(1));
        await shard.WriteAsync(Evict(shard.Version, 2));
        Assert.Equal([RowStatus.Erased, RowStatus.Evicted, RowStatus.Found], Statuses(shard, 1, 2, 3));

        await WriteAsync(shard, 1, 1, 2);
        Assert.Equal([RowStatus.NotAdmitted, RowStatus.NotAdmitted], Statuses(shard, 1, 2));
        await shard.WriteAsync(Erase(1));
        Assert.Equal([RowStatus.Erased, RowStatus.NotAdmitted], Statuses(shard, 1, 2));
        await WriteAsync(shard, 1, 1, 2);
        Assert.Equal([RowStatus.NotAdmitted, RowStatus.Found], Statuses(shard, 1, 2));
    }

    /// <summary>They came with one record, so none waited longer than another.</summary>
    [Fact]
    public async Task WriteAsync_MoreCandidatesThanThereMayBeInOneRequest_AreAdmittedWithTheNext()
    {
        await using Shard shard = await OpenAsync(admission: 2, candidateCountMax: 10);
        long[] ids = [.. Enumerable.Range(0, 25).Select(static id => (long)id)];
        await WriteAsync(shard, 1, ids);
        await WriteAsync(shard, 1, ids);
        Assert.Equal(25, shard.RowCount);
    }

    [Fact]
    public async Task WriteAsync_Import_IsThereAtOnce()
    {
        await using (Shard shard = await OpenAsync(admission: 3))
        {
            await WriteAsync(shard, 1, 1);
            RowWrite rows = Assign([1, 2], 1, 1, 1, 1, 2, 2, 2, 2);
            await shard.WriteAsync(new RowWrite { Kind = RowWriteKind.Import, RowIds = rows.RowIds, Columns = rows.Columns, Values = rows.Values });
            Assert.Equal([1f, 2f], shard.Firsts(1, 2));
        }

        await using Shard reopened = await OpenAsync(admission: 3);
        Assert.Equal([1f, 2f], reopened.Firsts(1, 2));
        Assert.Equal((2, 0), (reopened.RowCount, reopened.Statistics.CandidateCount));
    }

    [Fact]
    public async Task WriteAsync_MoreCandidatesThanThereMayBe_ForgetsTheHalfThatWaitedLongest()
    {
        await using (Shard shard = await OpenAsync(admission: 2, candidateCountMax: 10))
        {
            for (int id = 0; id < 11; id++)
            {
                await WriteAsync(shard, 1, id);
            }

            await WriteAsync(shard, 1, 0, 100);
            AssertForgotten(shard);
        }

        await using Shard reopened = await OpenAsync(admission: 2, candidateCountMax: 10);
        AssertForgotten(reopened);

        // Ids 0 to 5 went with the record before the last: so id 0 was counted anew, and 6 goes on.
        static void AssertForgotten(Shard shard) => Assert.Equal(
            [RowStatus.NotAdmitted, RowStatus.NeverWritten, RowStatus.NeverWritten, RowStatus.NotAdmitted, RowStatus.NotAdmitted, RowStatus.NotAdmitted],
            Statuses(shard, 0, 1, 5, 6, 10, 100));
    }

    [Fact]
    public async Task Evict_RowThatWasChangedSince_Stays()
    {
        await using Shard shard = await OpenAsync();
        await shard.WriteAsync(Row(1, 1));
        await shard.WriteAsync(Row(2, 2));
        long seen = shard.Version;
        await shard.WriteAsync(Row(2, 3));

        Assert.Equal(1, (await shard.WriteAsync(Evict(seen, 1, 2, 3))).RowCount);

        Assert.Equal([RowStatus.Evicted, RowStatus.Found, RowStatus.NeverWritten], Statuses(shard, 1, 2, 3));
        await shard.WriteAsync(Accumulate([1], 5, 5, 5, 5));
        Assert.Equal([5f], shard.Firsts(1));
    }

    /// <summary>Headers are shorter than what is read for a row, so the last ones of a page tempt a read into the next one, which may be on its way to the disk.</summary>
    [Fact]
    public async Task Read_GoneRowsFromScratch_AreWhatTheyWereAndTakeAHeaderEach()
    {
        const int Rows = 30_000;
        using var folder = new TemporaryFolder();
        await using Shard shard = await Shards.OpenAsync(folder, new RowFormat(ElementType.U8, 300));
        long[] ids = [.. Enumerable.Range(0, Rows).Select(static i => (long)i)];
        foreach (long[] chunk in ids.Chunk(3000))
        {
            await shard.WriteAsync(new RowWrite { Kind = RowWriteKind.Assign, RowIds = chunk, Columns = new ColumnRange(0, 300, 1), Values = new byte[chunk.Length * 300] });
        }

        long before = shard.Statistics.Bytes.Rows;
        using var stop = new CancellationTokenSource();
        Task reader = Task.Run(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                Statuses(shard, ids);
            }
        });
        foreach (long[] chunk in ids.Chunk(100))
        {
            await shard.WriteAsync(chunk[0] % 200 == 0 ? Erase(chunk) : Evict(long.MaxValue / 2, chunk));
        }

        await stop.CancelAsync();
        await reader;
        Assert.Equal(ids.Select(static id => id / 100 % 2 == 0 ? RowStatus.Erased : RowStatus.Evicted), Statuses(shard, ids));
        Assert.True(shard.Statistics.Bytes.Rows - before < Rows * 49L, "A header each, if nothing was given back yet.");
        Assert.Equal(0, shard.RowCount);
    }

    [Fact]
    public async Task WriteAsync_MoreGoneRowsThanAreRemembered_ForgetsTheOldestFirst()
    {
        await using (Shard shard = await OpenAsync(goneRowCountMax: 20))
        {
            for (int id = 0; id < 40; id++)
            {
                await shard.WriteAsync(Row(id, 1));
                await shard.WriteAsync(Erase(id));
            }

            AssertRemembered(shard);
        }

        await using Shard reopened = await OpenAsync(goneRowCountMax: 20);
        AssertRemembered(reopened);

        static void AssertRemembered(Shard shard)
        {
            RowStatus[] statuses = Statuses(shard, [.. Enumerable.Range(0, 40).Select(static i => (long)i)]);
            int forgotten = Array.IndexOf(statuses, RowStatus.Erased);
            Assert.InRange(forgotten, 18, 30);
            Assert.All(statuses[..forgotten], static status => Assert.Equal(RowStatus.NeverWritten, status));
            Assert.All(statuses[forgotten..], static status => Assert.Equal(RowStatus.Erased, status));
            Assert.Equal(0, shard.StatusOf(0).Version);
        }
    }

    /// <summary>Headers are all that rows which are gone need, and those that are forgotten need nothing: scratch shrinks to that.</summary>
    [Theory]
    [InlineData(1_000_000, 20_000 * 48)]
    [InlineData(100, 300 * 48)]
    public async Task WriteAsync_RowsThatAreGone_GiveTheirScratchBack(long goneRowCountMax, long neededByteCount)
    {
        const int Rows = 20_000, Width = 300, MemoryByteCount = 1 << 18;
        ShardOptions options = Options(_disk, segmentByteCountMax: 1 << 16, memoryByteCount: MemoryByteCount) with { GoneRowCountMax = goneRowCountMax };
        await using Shard shard = await Shards.OpenAsync(options, new RowFormat(ElementType.U8, Width));
        long[] ids = [.. Enumerable.Range(0, Rows).Select(static i => (long)i)];
        foreach (long[] chunk in ids.Chunk(1000))
        {
            await shard.WriteAsync(new RowWrite { Kind = RowWriteKind.Assign, RowIds = chunk, Columns = new ColumnRange(0, Width, 1), Values = new byte[chunk.Length * Width] });
        }

        foreach (long[] chunk in ids.Chunk(10))
        {
            await shard.WriteAsync(Erase(chunk));
        }

        // Each commit does a part of it, also one that changes nothing.
        for (int i = 0; i < 2000 && shard.Statistics.Bytes.Rows > (2 * neededByteCount) + (2 * MemoryByteCount); i++)
        {
            await shard.WriteAsync(Erase(0));
        }

        Assert.InRange(shard.Statistics.Bytes.Rows, 1, (2 * neededByteCount) + (2 * MemoryByteCount));
        RowStatus[] statuses = Statuses(shard, ids);
        int remembered = (int)Math.Min(goneRowCountMax / 2, Rows);
        Assert.All(statuses[^remembered..], static status => Assert.Equal(RowStatus.Erased, status));
        Assert.Equal(goneRowCountMax > Rows ? RowStatus.Erased : RowStatus.NeverWritten, statuses[0]);
    }

    [Fact]
    public async Task Coldest_ReadsAndWrites_OrderRowsByTheirUses()
    {
        var clock = new UseClock();
        await using Shard shard = await OpenAsync(uses: clock);
        await shard.WriteAsync(Assign([3, 1, 2], new float[3 * Width]));
        await shard.WriteAsync(Row(4, 1));
        Touch(shard, clock, 3, 9, 3, 1);
        await shard.WriteAsync(Accumulate([4, 4], new float[2 * Width]));
        await shard.WriteAsync(Erase(1));

        Assert.Equal([2L, 3, 4], Coldest(shard, 9, EvictionPolicy.Lru));
        Assert.Equal([2L, 3, 4], Coldest(shard, 3, EvictionPolicy.Lfu));
        Assert.Equal([2L], Coldest(shard, 1, EvictionPolicy.Lfu));
        Touch(shard, clock, 2, 2, 2);
        Assert.Equal([3L, 4, 2], Coldest(shard, 3, EvictionPolicy.Lfu));
        Assert.Equal([3L, 4], Coldest(shard, 2, EvictionPolicy.Lru));
    }

    [Fact]
    public async Task Coldest_AfterAReopening_GoesByTheLastWrites()
    {
        var clock = new UseClock();
        await using (Shard shard = await OpenAsync(uses: clock))
        {
            for (int id = 5; id > 0; id--)
            {
                await shard.WriteAsync(Row(id, 1));
            }

            await shard.SnapshotAsync(1);
            await shard.WriteAsync(Row(4, 1));
            Touch(shard, clock, 5);
        }

        clock = new UseClock();
        await using Shard reopened = await OpenAsync(uses: clock);
        Assert.Equal([5L, 3, 2, 1, 4], Coldest(reopened, 5, EvictionPolicy.Lru));
        Assert.True(clock.Take(1) > reopened.Version, "New uses come after all writes.");
    }

    [Fact]
    public void Restore_WhatWasCaptured_IsTheSameAndDamagedBytesAreRefused()
    {
        RowFormat format = FourFloats with { AdmissionCount = 3, TimeToLiveMilliseconds = 10 };
        var vocabulary = new ShardVocabulary(format, Options());
        vocabulary.Begin(1234);
        vocabulary.Gone.ForgetTo(17);
        for (int i = 0; i < 100; i++)
        {
            vocabulary.Admission!.Admits(i % 60, i);
        }

        byte[] bytes = vocabulary.Capture();
        var other = new ShardVocabulary(format, Options());

        Assert.True(other.Restore(bytes));
        Assert.Equal((1234, 17), (other.Clock, other.Gone.ForgottenTo));
        Assert.Equal(vocabulary.Admission!.All().Order(), other.Admission!.All().Order());
        Assert.False(new ShardVocabulary(format, Options()).Restore(bytes.AsSpan(0, bytes.Length - 1)));
        Assert.False(new ShardVocabulary(format, Options()).Restore(bytes.AsSpan(0, 10)));
        Assert.False(new ShardVocabulary(FourFloats, Options()).Restore(bytes));
    }

    private static RowWrite Evict(long bound, params long[] ids) => new() { Kind = RowWriteKind.Evict, RowIds = ids, Bound = bound };

    private static void Touch(Shard shard, UseClock clock, params long[] ids) =>
        shard.Read(ids, [], new byte[ids.Length * shard.Format.DataByteCount], new RowStatus[ids.Length], Memory<long>.Empty, clock.Take(ids.Length));

    private static long[] Coldest(Shard shard, int count, EvictionPolicy policy) =>
        [.. shard.Coldest(count, policy, long.MaxValue).Order(EvictionCandidate.OrderOf(policy)).Select(static row => row.RowId)];

    private static RowStatus[] Statuses(Shard shard, params long[] ids)
    {
        var statuses = new RowStatus[ids.Length];
        shard.Read(ids, [], new byte[ids.Length * shard.Format.DataByteCount], statuses, Memory<long>.Empty);
        return statuses;
    }

    private static async Task WriteAsync(Shard shard, int times, params long[] ids)
    {
        for (int i = 0; i < times; i++)
        {
            await shard.WriteAsync(Accumulate(ids, [.. Enumerable.Repeat(1f, ids.Length * Width)]));
        }
    }

    private Task<Shard> OpenAsync(int admission = 1, int candidateCountMax = 1000, long goneRowCountMax = 1000, UseClock? uses = null) => Shards.OpenAsync(
        Options(_disk, segmentByteCountMax: 1 << 16) with { CandidateCountMax = candidateCountMax, GoneRowCountMax = goneRowCountMax, Uses = uses }, FourFloats with { AdmissionCount = admission });
}
