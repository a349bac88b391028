using System.Runtime.InteropServices;
using EmbedStore.Tensors;
using static EmbedStore.Shards.Tests.Shards;

namespace EmbedStore.Shards.Tests;

/// <summary>Scratch of a table that is larger than its memory: what updates leave behind is given back, and nobody notices.</summary>
public sealed class CompactionTests : IDisposable
{
    private const int RowWidth = 64;

    /// <summary>Header, data and FASTER's own, rounded up.</summary>
    private const int RecordByteCount = 304;

    private const int MemoryByteCount = 1 << 18;

    /// <summary>Eight times the memory.</summary>
    private const int RowCount = 8 * MemoryByteCount / RecordByteCount;

    /// <summary>Half may be superseded, and work that goes on behind writes moves and waits: two further copies of the rows, memory, and some segments.</summary>
    private const long ScratchByteCountMax = (4L * RowCount * RecordByteCount) + (8 * MemoryByteCount);

    private static readonly RowFormat Format = new(ElementType.I32, RowWidth);

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(21, false)]
    [InlineData(22, true)]
    public async Task Updates_OfATableLargerThanItsMemory_KeepScratchBounded(int seed, bool skewed)
    {
        await using Shard shard = await OpenAsync(_folder, Format, Options(durability: Durability.None));
        var random = new Random(seed);
        int[] model = new int[RowCount];
        for (int written = 0, number = 1; written < 20 * RowCount; number++)
        {
            // First every row once; then by chance, or mostly a few of them beside many that stay cold.
            long[] ids = written < RowCount
                ? [.. Enumerable.Range(written, Math.Min(500, RowCount - written)).Select(static row => (long)row)]
                : [.. Enumerable.Range(0, 500).Select(_ => (long)random.Next(skewed && random.Next(10) > 0 ? RowCount / 20 : RowCount)).Distinct()];
            await shard.WriteAsync(Numbered(ids, number));
            Array.ForEach(ids, id => model[id] = number);
            written += ids.Length;
            Assert.True(shard.Statistics.Bytes.Rows < ScratchByteCountMax, $"seed {seed}: {shard.Statistics.Bytes.Rows} bytes after {written} rows");
            Assert.True(FileByteCount() < ScratchByteCountMax, $"seed {seed}: {FileByteCount()} bytes of files after {written} rows");
        }

        AssertHolds(shard, model);
        Assert.Equal(Enumerable.Range(0, RowCount).Select(static row => (long)row), shard.RowIds().Order());
    }

    /// <summary>A row that is missing, or holds two numbers, or an older one than the reader saw before, was lost or torn on its way.</summary>
    [Fact]
    public async Task Read_WhileRowsMove_FindsEachWholeAndNeverOlder()
    {
        await using Shard shard = await OpenAsync(_folder, Format, Options(durability: Durability.None));
        long[] all = [.. Enumerable.Range(0, RowCount).Select(static row => (long)row)];
        await shard.WriteAsync(Numbered(all, 1));
        using var stop = new CancellationTokenSource();
        Task<long>[] readers = [.. Enumerable.Range(0, 2).Select(seed => Task.Run(() => ReadUntil(shard, seed, stop.Token)))];
        var random = new Random(5);
        for (int number = 2; number < 300; number++)
        {
            await shard.WriteAsync(Numbered([.. Enumerable.Range(0, 300).Select(_ => (long)random.Next(RowCount)).Distinct()], number));
        }

        await stop.CancelAsync();
        Assert.All(await Task.WhenAll(readers), static rowsRead => Assert.True(rowsRead > 0));
        Assert.True(FileByteCount() < ScratchByteCountMax, $"{FileByteCount()} bytes of files");
    }

    [Fact]
    public async Task RowIds_WhileRowsMove_GivesEachOnce()
    {
        await using Shard shard = await OpenAsync(_folder, Format, Options(durability: Durability.None));
        long[] all = [.. Enumerable.Range(0, RowCount).Select(static row => (long)row)];
        await shard.WriteAsync(Numbered(all, 1));
        var random = new Random(6);
        int number = 2;
        for (int round = 0; round < 30; round++)
        {
            // Scans begin in the middle of a move, for writes leave work behind; and go on while more is written.
            var seen = new List<long>();
            foreach (long rowId in shard.RowIds())
            {
                seen.Add(rowId);
                if (seen.Count % 500 == 0)
                {
                    await shard.WriteAsync(Numbered([.. Enumerable.Range(0, 150).Select(_ => (long)random.Next(RowCount)).Distinct()], number++));
                }
            }

            Assert.Equal(all, seen.Order());
            for (int i = 0; i < 1 + (round % 7); i++)
            {
                await shard.WriteAsync(Numbered([.. Enumerable.Range(0, 500).Select(_ => (long)random.Next(RowCount)).Distinct()], number++));
            }
        }
    }

    /// <summary>A snapshot that is written while rows move has every row: what it was opened from holds what the model holds.</summary>
    [Fact]
    public async Task Snapshot_WhileRowsMove_HasEveryRow()
    {
        int[] model = new int[RowCount];
        var random = new Random(7);
        int number = 1;
        long snapshots = 0;
        for (int round = 0; round < 3; round++)
        {
            await using Shard shard = await OpenAsync(_folder, Format, Options());
            AssertHolds(shard, model);
            Task<SnapshotInfo>? snapshot = null;
            for (int i = 0; i < 150; i++)
            {
                snapshot = snapshot is null or { IsCompleted: true } ? shard.SnapshotAsync(++snapshots) : snapshot;
                long[] ids = [.. Enumerable.Range(0, 500).Select(_ => (long)random.Next(RowCount)).Distinct()];
                await shard.WriteAsync(Numbered(ids, number));
                Array.ForEach(ids, id => model[id] = number);
                number++;
            }

            await snapshot!;
            AssertHolds(shard, model);
        }
    }

    [Fact]
    public async Task Replay_OfManyUpdates_KeepsScratchBounded()
    {
        int[] model = new int[RowCount];
        await using (Shard shard = await OpenAsync(_folder, Format, Options(durability: Durability.None)))
        {
            var random = new Random(8);
            for (int number = 1; number < 300; number++)
            {
                long[] ids = [.. Enumerable.Range(0, 500).Select(_ => (long)random.Next(RowCount)).Distinct()];
                await shard.WriteAsync(Numbered(ids, number));
                Array.ForEach(ids, id => model[id] = number);
            }
        }

        await using Shard again = await OpenAsync(_folder, Format, Options());
        Assert.True(again.Statistics.Bytes.Rows < ScratchByteCountMax, $"{again.Statistics.Bytes.Rows} bytes");
        AssertHolds(again, model);
    }

    /// <summary>Rows of an erased table are missing and know why: they stay, however often compaction comes by.</summary>
    [Fact]
    public async Task ErasedRows_ThatWereMoved_StayErased()
    {
        await using Shard shard = await OpenAsync(_folder, Format, Options(durability: Durability.None));
        long[] all = [.. Enumerable.Range(0, RowCount).Select(static row => (long)row)];
        await shard.WriteAsync(Numbered(all, 1));
        long[] gone = [.. all.Where(static id => id % 3 == 0)];
        long version = (await shard.WriteAsync(Erase(gone))).Version;
        long[] hot = [.. all.Where(static id => id % 3 == 1)];
        for (int number = 2; number < 40; number++)
        {
            await shard.WriteAsync(Numbered(hot, number));
        }

        Assert.True(shard.Statistics.Bytes.Rows < ScratchByteCountMax);
        Assert.All(gone, id => Assert.Equal((RowStatus.Erased, version), shard.StatusOf(id)));
        Assert.Equal(all.Except(gone), shard.RowIds().Order());
    }

    /// <summary>A scan keeps scratch from being given back until the disk is full; when it ends, writes go on without anybody's help.</summary>
    [Fact]
    public async Task StorageFull_ForLackOfScratch_EndsByItself()
    {
        const long Reserve = 2 << 20;
        var disk = new FaultyDisk();
        await using Shard shard = await Shards.OpenAsync(Options(disk, reserveByteCount: Reserve), Format);
        long[] all = [.. Enumerable.Range(0, RowCount).Select(static row => (long)row)];
        await shard.WriteAsync(Numbered(all, 1));
        disk.FreeBytes = 20 << 20;
        using IEnumerator<long> scan = shard.RowIds().GetEnumerator();
        Assert.True(scan.MoveNext());
        int number = 2;
        while ((await shard.WriteAsync(Numbered(Part(number), number))).Outcome == WriteOutcome.Committed)
        {
            number++;
        }

        Assert.Equal(WriteOutcome.StorageFull, (await shard.WriteAsync(Numbered(Part(number), number))).Outcome);
        int seen = 1;
        while (scan.MoveNext())
        {
            seen++;
        }

        Assert.Equal(all.Length, seen);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while ((await shard.WriteAsync(Numbered(Part(number), number), patience.Token)).Outcome == WriteOutcome.StorageFull)
        {
            await Task.Yield();
        }

        Assert.Equal(number, MemoryMarshal.Cast<byte, int>(Data(shard, Part(number)[0]))[0]);
        Assert.True(shard.AcceptsWrites);

        static long[] Part(int number) => [.. Enumerable.Range(0, 500).Select(i => (long)((number * 500) + i) % RowCount)];
    }

    private static byte[] Data(Shard shard, long rowId)
    {
        byte[] data = new byte[Format.DataByteCount];
        shard.Read([rowId], [], data, new RowStatus[1], Memory<long>.Empty);
        return data;
    }

    private static RowWrite Numbered(long[] ids, int number) => new()
    {
        Kind = RowWriteKind.Assign,
        RowIds = ids,
        Columns = new ColumnRange(0, RowWidth, 1),
        Values = MemoryMarshal.AsBytes([.. Enumerable.Repeat(number, ids.Length * RowWidth)]).ToArray(),
    };

    private static void AssertHolds(Shard shard, int[] model)
    {
        byte[] data = new byte[model.Length * Format.DataByteCount];
        var statuses = new RowStatus[model.Length];
        shard.Read([.. Enumerable.Range(0, model.Length).Select(static row => (long)row)], [], data, statuses, Memory<long>.Empty);
        ReadOnlySpan<int> elements = MemoryMarshal.Cast<byte, int>(data);
        for (int row = 0; row < model.Length; row++)
        {
            Assert.Equal(model[row] == 0 ? RowStatus.NeverWritten : RowStatus.Found, statuses[row]);
            Assert.False(elements.Slice(row * RowWidth, RowWidth).ContainsAnyExcept(model[row]), $"row {row}");
        }
    }

    private static long ReadUntil(Shard shard, int seed, CancellationToken stop)
    {
        const int Batch = 64;
        var random = new Random(seed);
        int[] newest = new int[RowCount];
        byte[] data = new byte[Batch * Format.DataByteCount];
        var statuses = new RowStatus[Batch];
        long[] ids = new long[Batch];
        long rowsRead = 0;
        do
        {
            for (int i = 0; i < Batch; i++)
            {
                ids[i] = random.Next(RowCount);
            }

            shard.Read(ids, [], data, statuses, Memory<long>.Empty);
            ReadOnlySpan<int> elements = MemoryMarshal.Cast<byte, int>(data);
            for (int i = 0; i < Batch; i++)
            {
                ReadOnlySpan<int> row = elements.Slice(i * RowWidth, RowWidth);
                Assert.True(statuses[i] == RowStatus.Found, $"seed {seed}: row {ids[i]} is {statuses[i]}");
                Assert.False(row.ContainsAnyExcept(row[0]), $"seed {seed}: row {ids[i]} is [{string.Join(", ", row.ToArray())}]");
                Assert.True(row[0] >= newest[ids[i]], $"seed {seed}: row {ids[i]} was {newest[ids[i]]} and is {row[0]}");
                newest[ids[i]] = row[0];
            }

            rowsRead += Batch;
        }
        while (!stop.IsCancellationRequested);
        return rowsRead;
    }

    private long FileByteCount() => new DirectoryInfo(_folder.Scratch).EnumerateFiles().Sum(static file => file.Exists ? file.Length : 0);
}
