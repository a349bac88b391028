using System.Runtime.InteropServices;
using EmbedStore.Tensors;
using static EmbedStore.Shards.Tests.Shards;

namespace EmbedStore.Shards.Tests;

public sealed class HalfRowTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>Rows of one repeated number: a reader that sees two numbers in a row, or an erased row that touched its slot, saw half a write.</summary>
    /// <remarks>The small memory makes rows move between in place, new record and scratch while they are read.</remarks>
    [Theory]
    [InlineData(16)]
    [InlineData(4000)]
    public async Task Read_BesideAWriter_NeverSeesHalfARow(int rowCount)
    {
        const int RowWidth = 64, Writes = 400;
        var format = new RowFormat(ElementType.I32, RowWidth);
        await using Shard shard = await OpenAsync(_folder, format, Options(durability: Durability.None));
        using var stop = new CancellationTokenSource();
        Task<long>[] readers = [.. Enumerable.Range(0, 2).Select(seed => Task.Run(() => ReadUntil(shard, rowCount, seed, stop.Token)))];

        for (int i = 1; i <= Writes; i++)
        {
            long[] ids = [.. Enumerable.Range(0, 200).Select(k => (long)(((i * 7) + (k * 13)) % rowCount)).Distinct()];
            await shard.WriteAsync(i % 9 == 0 ? Erase(ids) : new RowWrite
            {
                Kind = RowWriteKind.Assign,
                RowIds = ids,
                Columns = new ColumnRange(0, RowWidth, 1),
                Values = MemoryMarshal.AsBytes([.. Enumerable.Repeat(i, ids.Length * RowWidth)]).ToArray(),
            });
        }

        await stop.CancelAsync();
        Assert.All(await Task.WhenAll(readers), rowsRead => Assert.True(rowsRead > 0));
    }

    private static long ReadUntil(Shard shard, int rowCount, int seed, CancellationToken stop)
    {
        const int Batch = 64, Untouched = -1;
        var random = new Random(seed);
        int width = shard.Format.Width;
        byte[] destination = new byte[Batch * shard.Format.DataByteCount];
        var statuses = new RowStatus[Batch];
        long[] ids = new long[Batch];
        long rowsRead = 0;
        do
        {
            for (int i = 0; i < Batch; i++)
            {
                ids[i] = random.Next(rowCount);
            }

            Array.Fill(destination, (byte)0xFF);
            shard.Read(ids, [], destination, statuses, Memory<long>.Empty);
            ReadOnlySpan<int> elements = MemoryMarshal.Cast<byte, int>(destination);
            for (int i = 0; i < Batch; i++)
            {
                ReadOnlySpan<int> row = elements.Slice(i * width, width);
                int expected = statuses[i] == RowStatus.Found ? row[0] : Untouched;
                Assert.False(row.ContainsAnyExcept(expected), $"seed {seed}: row {ids[i]} is {statuses[i]} and [{string.Join(", ", row.ToArray())}]");
            }

            rowsRead += Batch;
        }
        while (!stop.IsCancellationRequested);
        return rowsRead;
    }
}
