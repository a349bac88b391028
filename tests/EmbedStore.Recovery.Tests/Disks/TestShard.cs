using System.Runtime.InteropServices;
using EmbedStore.Shards;
using EmbedStore.Shards.Tests;
using EmbedStore.Tensors;

namespace EmbedStore.Recovery.Tests;

/// <summary>A shard in this process on a disk in memory, for tests that damage or break that disk.</summary>
internal static class TestShard
{
    public const string Folder = "/shard";
    public const int RowCount = 200;
    public const int Width = 4;

    private static readonly RowFormat Format = new(ElementType.F32, Width);

    /// <summary>Small segments and little memory, so that there are several files of each kind and scratch is compacted.</summary>
    /// <param name="disk">Where it lies.</param>
    /// <param name="markDelay">See <see cref="ShardOptions.MarkDelay"/>.</param>
    public static Task<Shard> OpenAsync(FaultyDisk disk, TimeSpan? markDelay = null) => Shard.OpenAsync(
        Folder,
        "/scratch",
        Format,
        new ShardOptions
        {
            Disk = disk,
            ReserveByteCount = 0,
            SegmentByteCountMax = 4096,
            MemoryByteCount = 1 << 15,
            PageByteCount = 1 << 12,
            ExpectedRowCount = RowCount,
            MarkDelay = markDelay ?? Timeout.InfiniteTimeSpan,
        },
        CancellationToken.None);

    public static async Task SnapshotAsync(Shard shard, long id)
    {
        await using ShardSnapshot snapshot = await shard.BeginSnapshotAsync(id, CancellationToken.None);
        await snapshot.EndAsync();
        await snapshot.SaveAsync();
        await snapshot.KeepAsync(snapshot.PreviousId);
    }

    public static RowWrite WriteOf(Batch batch)
    {
        float[] values = batch.Kind == BatchKind.Erase ? [] : [.. Enumerable.Repeat((float)batch.Number, batch.Rows.Length * Width)];
        return new RowWrite
        {
            Kind = batch.Kind switch
            {
                BatchKind.Assign => RowWriteKind.Assign,
                BatchKind.Accumulate => RowWriteKind.Accumulate,
                _ => RowWriteKind.Erase,
            },
            RowIds = Array.ConvertAll(batch.Rows, static row => (long)row),
            Columns = new ColumnRange(0, Width, 1),
            Values = MemoryMarshal.AsBytes(values.AsSpan()).ToArray(),
        };
    }

    /// <summary>A batch that needs no optimizer.</summary>
    public static Batch Draw(Random random)
    {
        Batch batch = Batch.Draw(random, RowCount, batchRowCountMax: 6);
        return batch.Kind == BatchKind.Step ? batch with { Kind = BatchKind.Assign } : batch;
    }

    /// <summary>The number in each row; 0 where a row is missing.</summary>
    public static float[] Read(Shard shard)
    {
        byte[] data = new byte[RowCount * Format.DataByteCount];
        shard.Read([.. Enumerable.Range(0, RowCount).Select(static row => (long)row)], [], data, new RowStatus[RowCount], Memory<long>.Empty);
        float[] elements = MemoryMarshal.Cast<byte, float>(data).ToArray();
        for (int row = 0; row < RowCount; row++)
        {
            Assert.False(elements.AsSpan(row * Width, Width).ContainsAnyExcept(elements[row * Width]), $"row {row} is torn");
        }

        return [.. Enumerable.Range(0, RowCount).Select(row => elements[row * Width])];
    }
}
