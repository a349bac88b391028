using System.Runtime.InteropServices;
using EmbedStore.Shards;
using EmbedStore.Tensors;

namespace EmbedStore.Serving.Tests;

/// <summary>The slab alone: whole rows beside a writer, every width, every refusal.</summary>
public sealed class RowSlabTests
{
    private const int RowCount = 16;

    /// <summary>Each row is one repeated number, so half a row shows. Few rows, so that readers meet the writer all the time.</summary>
    [Theory]
    [InlineData(64)]
    [InlineData(1024)]
    public async Task Read_BesideAWriter_GivesWholeRowsInRisingVersions(int width)
    {
        const int Rounds = 20_000;
        using var slab = new RowSlab(RowCount, width * sizeof(long));
        Task writer = Task.Run(() =>
        {
            long[] row = new long[width];
            for (long lsn = 1; lsn <= Rounds; lsn++)
            {
                Array.Fill(row, lsn);
                slab.Write(lsn % RowCount, lsn, lsn % 5 == 0 ? [] : MemoryMarshal.AsBytes(row.AsSpan()));
            }
        });

        Task<long>[] readers = [.. Enumerable.Range(0, 2).Select(_ => Task.Run(() => ReadUntil(slab, width, Rounds)))];

        await writer;
        foreach (long read in await Task.WhenAll(readers))
        {
            Assert.True(read > 0);
        }
    }

    [Fact]
    public void Read_EveryElementTypeAndWidth_GivesBackTheBytes()
    {
        var random = new Random(301);
        foreach (ElementType type in (ElementType[])[ElementType.F32, ElementType.F16, ElementType.BF16, ElementType.F64, ElementType.I64, ElementType.I32, ElementType.U8, ElementType.I8])
        {
            for (int width = 1; width <= 67; width++)
            {
                AssertGivesBack(new RowFormat(type, width), random);
            }
        }

        AssertGivesBack(new RowFormat(ElementType.I8, 67, scaledByRow: true), random);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(RowCount)]
    [InlineData(long.MinValue)]
    [InlineData(long.MaxValue)]
    public void Any_RowOutsideTheSlab_IsRefused(long rowId)
    {
        using var slab = new RowSlab(RowCount, 8);
        long[] ids = new long[20];
        ids[^1] = rowId;

        Assert.Throws<ArgumentOutOfRangeException>(() => slab.Read(ids, new byte[160], new RowStatus[20], []));
        Assert.Throws<ArgumentOutOfRangeException>(() => slab.ReadOne(rowId, new byte[8], out _));
        Assert.Throws<ArgumentOutOfRangeException>(() => slab.Write(rowId, 1, new byte[8]));
    }

    [Fact]
    public void Any_SpanTooShort_IsRefused()
    {
        using var slab = new RowSlab(RowCount, 8);

        Assert.Throws<ArgumentOutOfRangeException>(() => slab.Read([0, 1], new byte[15], new RowStatus[2], []));
        Assert.Throws<ArgumentOutOfRangeException>(() => slab.Read([0, 1], new byte[16], new RowStatus[1], []));
        Assert.Throws<ArgumentOutOfRangeException>(() => slab.Read([0, 1], new byte[16], new RowStatus[2], new long[1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => slab.Write(0, 1, new byte[7]));
    }

    [Fact]
    public async Task Dispose_WhileReadersAreInside_LetsThemEnd()
    {
        for (int round = 0; round < 50; round++)
        {
            var slab = new RowSlab(1 << 12, 256);
            using var started = new CountdownEvent(2);
            Task[] readers = [.. Enumerable.Range(0, 2).Select(_ => Task.Run(() =>
            {
                long[] ids = [.. Enumerable.Range(0, 1 << 12)];
                byte[] rows = new byte[ids.Length * 256];
                started.Signal();
                Assert.Throws<ObjectDisposedException>(() => ReadForEver(slab, ids, rows));
            }))];
            started.Wait();
            slab.Dispose();
            await Task.WhenAll(readers);
        }
    }

    private static void ReadForEver(RowSlab slab, long[] ids, byte[] rows)
    {
        while (true)
        {
            slab.Read(ids, rows, new RowStatus[ids.Length], []);
        }
    }

    private static long ReadUntil(RowSlab slab, int width, long lastLsn)
    {
        long[] ids = [.. Enumerable.Range(0, RowCount)];
        long[] seen = new long[RowCount];
        byte[] rows = new byte[RowCount * width * sizeof(long)];
        var statuses = new RowStatus[RowCount];
        long[] versions = new long[RowCount];
        long read = 0;
        while (seen.Max() < lastLsn)
        {
            slab.Read(ids, rows, statuses, versions);
            for (int row = 0; row < RowCount; row++)
            {
                Assert.True(versions[row] >= seen[row], "A row went back.");
                seen[row] = versions[row];
                Assert.Equal(versions[row] == 0 ? RowStatus.NeverWritten : versions[row] % 5 == 0 ? RowStatus.Erased : RowStatus.Found, statuses[row]);
                if (statuses[row] == RowStatus.Found)
                {
                    read++;
                    Assert.Equal(-1, MemoryMarshal.Cast<byte, long>(rows).Slice(row * width, width).IndexOfAnyExcept(versions[row]));
                }
            }
        }

        return read;
    }

    private static void AssertGivesBack(RowFormat format, Random random)
    {
        const int Count = 20;
        var shape = new TableShape(TensorShape.Of(Count, format.Width));
        using ResidentRows rows = ResidentRows.TryMake(shape, format, 1 << 20)!;
        byte[] expected = new byte[Count * format.DataByteCount];
        random.NextBytes(expected);
        for (int row = 0; row < Count; row++)
        {
            ((IRowMirror)rows).Write(row, row + 1, expected.AsSpan(row * format.DataByteCount, format.DataByteCount));
        }

        byte[] actual = new byte[expected.Length];
        long[] ids = [.. Enumerable.Range(0, Count)];
        Assert.Equal(0, rows.Read(ids, new RowBlock(actual, new RowStatus[Count], default)));
        Assert.Equal(expected, actual);
    }
}
