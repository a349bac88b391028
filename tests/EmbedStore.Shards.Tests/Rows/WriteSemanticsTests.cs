using System.Runtime.InteropServices;
using EmbedStore.Tensors;
using static EmbedStore.Shards.Tests.Shards;

namespace EmbedStore.Shards.Tests;

public sealed class WriteSemanticsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Assign_DuplicatesInOneWrite_LastWinsAndOneRowIsCounted()
    {
        await using Shard shard = await OpenAsync(_folder);
        WriteReceipt receipt = await shard.WriteAsync(Assign([9, 3, 9], 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3));
        Assert.Equal((WriteOutcome.Committed, 2L), (receipt.Outcome, receipt.RowCount));
        Assert.Equal([3f, 2f], shard.Firsts(9, 3));
        Assert.Equal(2, shard.RowCount);
    }

    [Fact]
    public async Task Accumulate_DuplicatesInOneWrite_AreAllAddedInOrder()
    {
        await using Shard shard = await OpenAsync(_folder);
        long[] ids = [.. Enumerable.Repeat(5L, 100), 4, .. Enumerable.Repeat(6L, 100)];
        await shard.WriteAsync(Accumulate(ids, [.. Enumerable.Range(0, ids.Length * Width).Select(i => i / Width % 2 == 0 ? 1e8f : 1f)]));
        float five = 0;
        for (int i = 0; i < 100; i++)
        {
            five += i % 2 == 0 ? 1e8f : 1f;
        }

        Assert.Equal([five, 1e8f], shard.Firsts(5, 4));
    }

    [Fact]
    public async Task Assign_ColumnRangesAndOwnColumns_TouchOnlyTheirElements()
    {
        await using Shard shard = await OpenAsync(_folder, new RowFormat(ElementType.F32, Width, initializer: RowInitializer.Constant(9)));
        await shard.WriteAsync(new RowWrite { Kind = RowWriteKind.Assign, RowIds = Ids(1), Columns = new ColumnRange(3, 2, -2), Values = Bytes(1f, 2f) });
        Assert.Equal([9f, 2f, 9f, 1f], shard.Read(1));
        await shard.WriteAsync(new RowWrite { Kind = RowWriteKind.Accumulate, RowIds = Ids(1, 2, 1, 1), ColumnOf = Columns(0, 1, 0, 2), Values = Bytes(1f, 2f, 3f, 4f) });
        Assert.Equal([13f, 2f, 13f, 1f, 9f, 11f, 9f, 9f], shard.Read(1, 2));
        await shard.WriteAsync(new RowWrite { Kind = RowWriteKind.Accumulate, RowIds = Ids(1), Columns = new ColumnRange(2, 3, -1), Values = Bytes(1f, 2f, 3f) });
        Assert.Equal([16f, 4f, 14f, 1f], shard.Read(1));
    }

    [Fact]
    public async Task Erase_RowsLiveErasedAndUnknown_CountsTheLiveOnesAndTheRowStartsAnew()
    {
        var format = new RowFormat(ElementType.F32, Width, initializer: RowInitializer.Constant(10));
        await using Shard shard = await OpenAsync(_folder, format);
        await shard.WriteAsync(Assign([1, 2], 1, 1, 1, 1, 2, 2, 2, 2));
        Assert.Equal(new WriteReceipt(WriteOutcome.Committed, 2, 1), await shard.WriteAsync(Erase(1, 77, 1)));
        Assert.Equal(new WriteReceipt(WriteOutcome.Committed, 3, 0), await shard.WriteAsync(Erase(1)));
        Assert.Equal((1, (RowStatus.Erased, 2L)), (shard.RowCount, shard.StatusOf(1)));
        await shard.WriteAsync(Accumulate([1], 1, 1, 1, 1));
        Assert.Equal([11f, 2f], shard.Firsts(1, 2));
        Assert.Equal(2, shard.RowCount);
    }

    [Fact]
    public async Task WriteAsync_WritesThatDoNotFit_AreRefusedWithNothingKept()
    {
        await using Shard shard = await OpenAsync(_folder);
        RowWrite[] bad =
        [
            Assign([1], 1, 2, 3),
            new() { Kind = RowWriteKind.Assign, RowIds = Ids(1), Columns = new ColumnRange(1, 4, 1), Values = new byte[16] },
            new() { Kind = RowWriteKind.Assign, RowIds = Ids(1), Columns = new ColumnRange(0, 2, 0), Values = new byte[8] },
            new() { Kind = RowWriteKind.Assign, RowIds = Ids(1), Columns = new ColumnRange(0, 2, int.MinValue), Values = new byte[8] },
            new() { Kind = RowWriteKind.Assign, RowIds = Ids(1), ColumnOf = Columns(4), Values = new byte[4] },
            new() { Kind = RowWriteKind.Assign, RowIds = Ids(1), ColumnOf = Columns(-1), Values = new byte[4] },
            new() { Kind = RowWriteKind.Assign, RowIds = Ids(1, 2), ColumnOf = Columns(1), Values = new byte[8] },
            new() { Kind = (RowWriteKind)9, RowIds = Ids(1) },
            new() { Kind = RowWriteKind.Erase, RowIds = Ids(1), Values = new byte[4] },
            new() { Kind = RowWriteKind.Erase, RowIds = Ids(1), VersionMin = -1 },
        ];
        foreach (RowWrite write in bad)
        {
            await Assert.ThrowsAsync<ArgumentException>(() => shard.WriteAsync(write));
        }

        Assert.Equal((0, 0), (shard.Version, shard.RowCount));
        Assert.Equal(new WriteReceipt(WriteOutcome.Committed, 1, 0), await shard.WriteAsync(Assign([])));
    }

    [Fact]
    public Task Accumulate_F32_AddsPlainly() => AssertAdds(ElementType.F32, [1.5f, float.MaxValue, 0.1f], [2f, float.MaxValue, 0.2f], [3.5f, float.PositiveInfinity, 0.1f + 0.2f]);

    [Fact]
    public Task Accumulate_F64_AddsPlainly() => AssertAdds(ElementType.F64, [1.5, 0.1, -1], [2, 0.2, 1], [3.5, 0.1 + 0.2, 0]);

    [Fact]
    public Task Accumulate_F16_RoundsToNearestEven() => AssertAdds(ElementType.F16, [(Half)2048, (Half)2050, (Half)1], [(Half)1, (Half)1, (Half)2], [(Half)2048, (Half)2052, (Half)3]);

    [Fact]
    public Task Accumulate_BF16_RoundsToNearestEven() => AssertAdds<ushort>(ElementType.BF16, [Bf(256), Bf(258), Bf(1)], [Bf(1), Bf(1), Bf(2)], [Bf(256), Bf(260), Bf(3)]);

    [Fact]
    public Task Accumulate_I64_Wraps() => AssertAdds(ElementType.I64, [1L, long.MaxValue, -5], [2L, 1, 5], [3L, long.MinValue, 0]);

    [Fact]
    public Task Accumulate_I32_Wraps() => AssertAdds(ElementType.I32, [1, int.MaxValue, -5], [2, 1, 5], [3, int.MinValue, 0]);

    [Fact]
    public Task Accumulate_I8_Wraps() => AssertAdds<sbyte>(ElementType.I8, [1, 127, -5], [2, 1, 5], [3, -128, 0]);

    [Fact]
    public Task Accumulate_U8_Wraps() => AssertAdds<byte>(ElementType.U8, [1, 255, 5], [2, 1, 5], [3, 0, 10]);

    [Fact]
    public async Task ScaledByRow_AssignAccumulateReopen_KeepsValuesWithinHalfAStep()
    {
        var format = new RowFormat(ElementType.I8, Width, scaledByRow: true);
        float[] values = new float[Width];
        await using (Shard shard = await OpenAsync(_folder, format))
        {
            await shard.WriteAsync(Assign([1, 2], 1, -2, 0.5f, 127, 0, 0, 0, 0));
            await shard.WriteAsync(Accumulate([1], 0, 0, 0, 127));
        }

        await using Shard reopened = await OpenAsync(_folder, format);
        byte[] rows = new byte[2 * format.DataByteCount];
        Assert.Equal(0, reopened.Read([1, 2], [], rows, new RowStatus[2], Memory<long>.Empty));
        ScaledRow.Decode(rows.AsSpan(0, format.DataByteCount), values);
        Assert.Equal([0f, -2f, 0f, 254f], values);
        ScaledRow.Decode(rows.AsSpan(format.DataByteCount), values);
        Assert.Equal(new float[Width], values);
    }

    [Fact]
    public void BrainFloat_RoundTrip_KeepsEveryValueAndNaN()
    {
        for (int bits = 0; bits <= ushort.MaxValue; bits++)
        {
            float value = BrainFloat.ToSingle((ushort)bits);
            Assert.True(float.IsNaN(value) ? float.IsNaN(BrainFloat.ToSingle(BrainFloat.FromSingle(value))) : BrainFloat.FromSingle(value) == bits, $"{bits:X}");
        }
    }

    private static long[] Ids(params long[] ids) => ids;

    private static int[] Columns(params int[] columns) => columns;

    private static ushort Bf(float value) => BrainFloat.FromSingle(value);

    private static byte[] Bytes<T>(params T[] elements)
        where T : unmanaged => MemoryMarshal.AsBytes(elements.AsSpan()).ToArray();

    // Width 37: vector steps and a rest, by contiguous and by strided columns.
    private async Task AssertAdds<T>(ElementType type, T[] first, T[] second, T[] sum)
        where T : unmanaged
    {
        var format = new RowFormat(type, 37);
        T[] Repeat(T[] pattern) => [.. Enumerable.Range(0, 37).Select(i => pattern[i % 3])];
        RowWrite Write(RowWriteKind kind, T[] values, ColumnRange columns) => new() { Kind = kind, RowIds = Ids(-7), Columns = columns, Values = Bytes(values) };
        await using (Shard shard = await OpenAsync(_folder, format))
        {
            await shard.WriteAsync(Write(RowWriteKind.Assign, Repeat(first), new ColumnRange(0, 37, 1)));
            await shard.WriteAsync(Write(RowWriteKind.Accumulate, [.. Repeat(second).Take(19)], new ColumnRange(0, 19, 1)));
            await shard.WriteAsync(Write(RowWriteKind.Accumulate, [.. Repeat(second).Skip(19).Reverse()], new ColumnRange(36, 18, -1)));
        }

        await using Shard reopened = await OpenAsync(_folder, format);
        byte[] row = new byte[format.DataByteCount];
        Assert.Equal(0, reopened.Read([-7], [], row, new RowStatus[1], Memory<long>.Empty));
        Assert.Equal(Repeat(sum), MemoryMarshal.Cast<byte, T>(row).ToArray());
    }
}
