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
    [Fact]
    public async Task Read_BesideAWriterAndEvictions_GivesWholeRowsThatNeverGoBack()
    {
        const int Rounds = 60_000;
        const int RowCount = 3000;
        using CachedRows cache = Make();
        long[] stored = new long[RowCount];
        long[] acknowledged = new long[RowCount];
        Task writer = Task.Run(() =>
        {
            var random = new Random(7);
            long[] row = new long[Width];
            for (long lsn = 1; lsn <= Rounds; lsn++)
            {
                int rowId = random.Next(RowCount);
                Array.Fill(row, lsn);

                // As a shard: its own row first, then the mirror, then the version.
                Volatile.Write(ref stored[rowId], lsn);
                ((IRowMirror)cache).Write(rowId, lsn, lsn % 17 == 0 ? [] : MemoryMarshal.AsBytes(row.AsSpan()));
                Volatile.Write(ref acknowledged[rowId], lsn);
            }
        });
        Task<int>[] readers = [.. Enumerable.Range(0, 3).Select(seed => Task.Run(() => ReadWhile(cache, stored, acknowledged, writer, new Random(seed))))];
        await writer;
        Assert.All(await Task.WhenAll(readers), static hits => Assert.True(hits > 0));
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
        TableShape open = TableShape.Open(Width);
        long set = SetSlab.SetByteCount(Rows.DataByteCount);
        Assert.Equal(64 * set, CachedRows.ByteCountOf(open, Rows, 2 * 64 * set));
        Assert.Equal(0, CachedRows.ByteCountOf(open, Rows, (2 * 64 * set) - 1));
        Assert.Equal(0, CachedRows.ByteCountOf(new TableShape(TensorShape.Of(10, Width)), Rows, 1 << 20));
        Assert.True(CachedRows.ByteCountOf(new TableShape(TensorShape.Of(1 << 20, Width)), Rows, 1 << 20) > 0);
    }

    private static CachedRows Make(TimeProvider? time = null) => CachedRows.TryMake(
        TableShape.Open(Width), Rows, new StorageOptions { Folder = "none", TableMemoryByteCount = 2 * 64 * SetSlab.SetByteCount(Rows.DataByteCount), Time = time ?? TimeProvider.System })!;

    private static long[] InOneSet(int count)
    {
        using var slab = new SetSlab(64, Rows.DataByteCount);
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

    private static int ReadWhile(CachedRows cache, long[] stored, long[] acknowledged, Task writer, Random random)
    {
        int hits = 0;
        while (!writer.IsCompleted)
        {
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
        }

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
