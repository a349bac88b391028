using System.Runtime.InteropServices;
using EmbedStore.Shards;
using EmbedStore.Tensors;

namespace EmbedStore.Serving.Tests;

/// <summary>A cache of a part of a table's rows: what it gives is what the shards have, whatever comes in and goes out.</summary>
public sealed class CachedRowsTests
{
    private const int Width = 8;

    /// <summary>64 sets of 8 rows, the least there is, for tables of far more.</summary>
    private static readonly RowFormat Rows = new(ElementType.I64, Width);

    private static readonly TableSpec Open = new() { Sizes = [null, Width], Type = ElementType.I64, ShardCount = 1 };

    [Theory]
    [InlineData(601)]
    [InlineData(602)]
    [InlineData(603)]
    public async Task Read_RandomWritesErasuresAndReopenings_AgreesWithTheShards(int seed)
    {
        var random = new Random(seed);
        await using ServedTable served = await ServedTable.OpenAsync(ServedTable.Spec(1) with { Sizes = [null, 4] }, memoryByteCount: 2 * 64 * SetSlab.SetByteCount(16));
        for (int step = 0; step < 300; step++)
        {
            long[] ids = [.. Enumerable.Range(0, random.Next(1, 60)).Select(_ => (long)Math.Pow(random.NextDouble() * 40, 2) - 300)];
            float[] values = [.. Enumerable.Range(0, ids.Length * 4).Select(_ => (float)random.Next(100))];
            await (random.Next(30) switch
            {
                0 => served.ReopenAsync(),
                < 4 => served.EraseAsync(ids),
                < 10 => served.AssignAsync(ids, values),
                < 14 => served.AccumulateAsync(ids, values),
                _ => Task.CompletedTask,
            });
            ReadRows shards = await served.ReadShardsAsync(ids);
            float[] expected = [.. shards.Elements.Select(static element => float.IsNaN(element) ? 0 : element)];
            float[] actual = await served.LookUpAsync(ids);
            Assert.True(expected.SequenceEqual(actual), $"seed {seed}, step {step}");
        }

        Assert.NotNull(served.Table.Cached);
    }

    /// <summary>Rows of one repeated number, so that half a row shows, and numbers that rise, so that an old row does. Three readers, a writer, and far more rows than places.</summary>
    /// <param name="setCountMax">64: it stays as it is. More: it grows as rows come, and sets are split under the readers.</param>
    [Theory]
    [InlineData(64)]
    [InlineData(500)]
    public async Task Read_BesideAWriterAndEvictions_GivesWholeRowsThatNeverGoBack(int setCountMax)
    {
        const int Rounds = 60_000;
        const int RowCount = 3000;
        using CachedRows cache = Make(setCountMax: setCountMax);
        int[] hits = new int[3];
        int batchCount = 0;
        using var ended = new CancellationTokenSource();
        long[] stored = new long[RowCount];
        long[] acknowledged = new long[RowCount];
        using var started = new CountdownEvent(hits.Length);
        Task writer = OnThread(() =>
        {
            // Threads of their own, all at work: a reader that began when the writer had ended would have nothing to find.
            started.Wait();
            var random = new Random(7);
            long[] row = new long[Width];
            int seen = 0;
            for (long lsn = 1; lsn <= Rounds; lsn++)
            {
                // No faster than readers read: in a set that changes with every batch nothing is let in, and readers that find nothing prove nothing.
                while (lsn % 4 == 0 && Volatile.Read(ref batchCount) == seen && !ended.IsCancellationRequested)
                {
                    Thread.Yield();
                }

                seen = lsn % 4 == 0 ? Volatile.Read(ref batchCount) : seen;
                int rowId = random.Next(RowCount);
                Array.Fill(row, lsn);

                // As a shard: its own row first, then the mirror, then the version.
                if (Interlocked.Exchange(ref stored[rowId], lsn) == 0)
                {
                    ((IRowMirror)cache).Resize(1);
                }

                ((IRowMirror)cache).Write(rowId, lsn, lsn % 17 == 0 ? [] : MemoryMarshal.AsBytes(row.AsSpan()));
                Volatile.Write(ref acknowledged[rowId], lsn);
            }
        });
        Task[] readers = [.. Enumerable.Range(0, hits.Length).Select(seed => OnThread(() =>
        {
            started.Signal();
            try
            {
                while (!writer.IsCompleted)
                {
                    hits[seed] += ReadBatch(cache, stored, acknowledged, new Random(Interlocked.Increment(ref batchCount)));
                }
            }
            finally
            {
                ended.Cancel();
            }
        }))];
        await writer;
        await Task.WhenAll(readers);
        Assert.All(hits, static count => Assert.True(count > 0));
        Assert.Equal(setCountMax * SetSlab.SetByteCount(Rows.DataByteCount), cache.ByteCount);
    }

    [Fact]
    public void Resize_RowsThatAreHere_AreFoundInTheSetsThatTheyMoveTo()
    {
        using CachedRows cache = Make(setCountMax: 700);
        long[] ids = [.. Enumerable.Range(0, 200).Select(static id => (long)id)];
        foreach (long id in ids)
        {
            Miss(cache, id, 1);
        }

        long[] here = [.. ids.Where(id => MissCount(cache, id) == 0)];
        Assert.InRange(here.Length, 190, 200);
        for (int rows = 0; rows < 3200; rows += 100)
        {
            ((IRowMirror)cache).Resize(100);
            Assert.All(here, id => Assert.Equal(0, MissCount(cache, id)));
            Assert.Equal(CachedRows.ByteCountOf(Open, StorageFor(MemoryFor(700)), rows + 100), cache.ByteCount);
        }
    }

    [Fact]
    public void Admit_RowThatWasWrittenSinceItWasMissed_IsNotLetIn()
    {
        using CachedRows cache = Make();
        Block block = Block.Of(5);
        using RowMisses misses = cache.Read(block.RowIds, block.Slots);
        block.Answer(1);
        ((IRowMirror)cache).Write(5, 2, new byte[Width * sizeof(long)]);
        cache.Admit(block.RowIds, misses, block.Slots);
        Assert.Equal(1, MissCount(cache, 5));
    }

    [Fact]
    public void Forget_RowsOfAShard_KeepsTheOthersAndLetsInNothingThatWasMissedBefore()
    {
        using CachedRows cache = Make();
        Array.ForEach((long[])[1, 2, 3, 4], id => Miss(cache, id, 1));
        Block before = Block.Of(6);
        using RowMisses misses = cache.Read(before.RowIds, before.Slots);
        before.Answer(1);
        cache.Forget(static id => id % 2 == 0);
        cache.Admit(before.RowIds, misses, before.Slots);
        Assert.Equal([0, 1, 0, 1, 1], ((long[])[1, 2, 3, 4, 6]).Select(id => MissCount(cache, id)));
        Miss(cache, 2, 5);
        Assert.Equal(0, MissCount(cache, 2));
    }

    [Fact]
    public void Admit_FreePlaces_AreFilledAtOnceAndAFullSetAsksForASecondMiss()
    {
        using CachedRows cache = Make();
        long[] inOneSet = InOneSet(12);
        foreach (long id in inOneSet[..SetSlab.WayCount])
        {
            Miss(cache, id, 1);
            Assert.Equal(0, MissCount(cache, id));
        }

        Miss(cache, inOneSet[8], 1);
        Assert.Equal(1, MissCount(cache, inOneSet[8]));
        Miss(cache, inOneSet[8], 1);
        Assert.Equal(0, MissCount(cache, inOneSet[8]));
        Assert.Equal(1, inOneSet[..SetSlab.WayCount].Sum(id => MissCount(cache, id)));
    }

    [Fact]
    public void Hold_UntilItsTime_KeepsTheRowWhateverComes()
    {
        var time = new ManualClock();
        using CachedRows cache = Make(time);
        long[] inOneSet = InOneSet(40);
        Block held = Block.Of(inOneSet[0]);
        using (RowMisses misses = cache.Read(held.RowIds, held.Slots))
        {
            held.Answer(1);
            cache.Hold(held.RowIds, misses, held.Slots, TimeSpan.FromSeconds(10));
        }

        for (int round = 0; round < 2; round++)
        {
            foreach (long id in inOneSet[1..])
            {
                Miss(cache, id, 1);
                Miss(cache, id, 1);
            }

            Assert.Equal(round, MissCount(cache, inOneSet[0]));
            time.Advance(TimeSpan.FromSeconds(11));
        }
    }

    [Fact]
    public void ByteCount_IsHalfOfTheMemoryAtMostAndNoneForAResidentTable()
    {
        long set = SetSlab.SetByteCount(Rows.DataByteCount);
        Assert.Equal(64 * set, CachedRows.ByteCountMaxOf(Open, StorageFor(2 * 64 * set)));
        Assert.Equal(0, CachedRows.ByteCountMaxOf(Open, StorageFor((2 * 64 * set) - 1)));
        Assert.Equal(0, CachedRows.ByteCountMaxOf(Open with { Sizes = [10, Width] }, StorageFor(1 << 20)));
        Assert.True(CachedRows.ByteCountMaxOf(Open with { Sizes = [1 << 20, Width] }, StorageFor(1 << 20)) > 0);
    }

    /// <summary>A cached row knows neither its key, nor when it expires, nor does its shard hear of its use.</summary>
    [Theory]
    [InlineData("\"key\": \"string\"")]
    [InlineData("\"ttl\": 60")]
    [InlineData("\"capacity\": {\"rows\": 100}")]
    public void ByteCount_WhereOnlyTheShardsKnow_IsNone(string field)
    {
        TableSpec spec = TestTables.Spec($$"""{"shape": ["*", 8], {{field}} }""");
        Assert.Equal(0, CachedRows.ByteCountMaxOf(spec, StorageFor(1 << 30)));
        Assert.Null(CachedRows.TryMake(spec, new StorageOptions { Folder = "none" }));
    }

    private static Task OnThread(Action work) => Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private static CachedRows Make(TimeProvider? time = null, int setCountMax = 64) =>
        CachedRows.TryMake(Open, StorageFor(MemoryFor(setCountMax)) with { Time = time ?? TimeProvider.System })!;

    private static StorageOptions StorageFor(long tableMemoryByteCount) => new() { Folder = "none", TableMemoryByteCount = tableMemoryByteCount };

    private static long MemoryFor(int setCountMax) => 2 * setCountMax * SetSlab.SetByteCount(Rows.DataByteCount);

    private static long[] InOneSet(int count)
    {
        using var slab = new SetSlab(64, 64, Rows.DataByteCount);
        return [.. Enumerable.Range(0, 100_000).Select(static id => (long)id).Where(id => slab.SetOf(id) == 3).Take(count)];
    }

    private static void Miss(CachedRows cache, long rowId, long lsn)
    {
        Block block = Block.Of(rowId);
        using RowMisses misses = cache.Read(block.RowIds, block.Slots);
        block.Answer(lsn);
        cache.Admit(block.RowIds, misses, block.Slots);
    }

    private static int MissCount(CachedRows cache, long rowId)
    {
        Block block = Block.Of(rowId);
        using RowMisses misses = cache.Read(block.RowIds, block.Slots);
        return misses.Positions.Length;
    }

    /// <returns>Hits.</returns>
    private static int ReadBatch(CachedRows cache, long[] stored, long[] acknowledged, Random random)
    {
        int hits = 0;
        long[] ids = [.. Enumerable.Range(0, 64).Select(_ => (long)(Math.Pow(random.NextDouble(), 3) * stored.Length))];
        long[] before = [.. ids.Select(id => Volatile.Read(ref acknowledged[id]))];
        Block block = Block.Of(ids);
        using RowMisses misses = cache.Read(ids, block.Slots);
        bool[] isMiss = new bool[ids.Length];
        foreach (int position in misses.Positions.Span)
        {
            isMiss[position] = true;
        }

        for (int i = 0; i < ids.Length; i++)
        {
            long[] row = block.Row(i);
            if (isMiss[i])
            {
                long lsn = Volatile.Read(ref stored[ids[i]]);
                block.Answer(i, lsn, isThere: lsn > 0 && lsn % 17 != 0);
                continue;
            }

            hits++;
            Assert.All(row, element => Assert.Equal(block.Versions[i], element));
            Assert.True(row[0] >= before[i], "A row went back.");
        }

        cache.Admit(ids, misses, block.Slots);
        return hits;
    }

    private sealed record Block(long[] RowIds, byte[] Data, RowStatus[] Statuses, long[] Versions)
    {
        public RowBlock Slots => new(Data, Statuses, Versions);

        public static Block Of(params long[] rowIds) => new(rowIds, new byte[rowIds.Length * Width * sizeof(long)], new RowStatus[rowIds.Length], new long[rowIds.Length]);

        public long[] Row(int i) => MemoryMarshal.Cast<byte, long>(Data).Slice(i * Width, Width).ToArray();

        public void Answer(long lsn) => Answer(0, lsn, isThere: true);

        public void Answer(int i, long lsn, bool isThere)
        {
            MemoryMarshal.Cast<byte, long>(Data.AsSpan()).Slice(i * Width, Width).Fill(lsn);
            Versions[i] = lsn;
            Statuses[i] = isThere ? RowStatus.Found : RowStatus.NeverWritten;
        }
    }

    private sealed class ManualClock : TimeProvider
    {
        private long _now;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _now;

        public void Advance(TimeSpan time) => _now += time.Ticks;
    }
}
