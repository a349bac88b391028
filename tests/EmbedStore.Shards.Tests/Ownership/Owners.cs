using static EmbedStore.Shards.Tests.Shards;

namespace EmbedStore.Shards.Tests;

/// <summary>Servers that share the folder of one shard; each has scratch of its own.</summary>
internal sealed class Owners(FaultyDisk disk)
{
    private int _count;

    public FaultyDisk Disk => disk;

    /// <summary>Opens the shard for one more server.</summary>
    public Task<Shard> OpenAsync(IDisk? through = null, ShardOwnership ownership = ShardOwnership.Epoch, string name = "", Durability durability = Durability.Commit, long segmentByteCountMax = 1 << 20, TimeProvider? time = null, RowFormat? format = null, TimeSpan? markDelay = null) =>
        Shard.OpenAsync(Folder, $"/scratch-{Interlocked.Increment(ref _count)}", format ?? new RowFormat(Tensors.ElementType.F32, Width, initializer: RowInitializer.Constant(0)), OptionsOf(through ?? disk, ownership, name, durability, segmentByteCountMax, time, markDelay), CancellationToken.None);

    /// <summary>Adds one to every element of rows 0 to <paramref name="rowCount"/> - 1.</summary>
    public static RowWrite Add(int rowCount, WriterStamp? stamp = null, long firstRow = 0)
    {
        long[] rowIds = [.. Enumerable.Range(0, rowCount).Select(i => firstRow + i)];
        RowWrite write = Accumulate(rowIds, [.. Enumerable.Repeat(1f, rowCount * Width)]);
        return new RowWrite { Kind = write.Kind, RowIds = write.RowIds, Columns = write.Columns, Values = write.Values, Writer = stamp };
    }

    /// <summary>How often <see cref="Add"/> was applied; fails when not to all rows alike.</summary>
    public static float Sum(Shard shard, int rowCount, long firstRow = 0)
    {
        float[] values = [.. shard.Read([.. Enumerable.Range(0, rowCount).Select(i => firstRow + i)]).Select(static value => float.IsNaN(value) ? 0 : value)];
        return Assert.Single(values.Distinct());
    }

    /// <summary>Does something on other threads than the test's, which may be stopped at a gate.</summary>
    public static Task<T> Beside<T>(Func<Task<T>> action) => Task.Run(action);

    private static ShardOptions OptionsOf(IDisk disk, ShardOwnership ownership, string name, Durability durability, long segmentByteCountMax, TimeProvider? time, TimeSpan? markDelay) => new()
    {
        Disk = disk,
        Ownership = ownership,
        OwnerName = name,
        Durability = durability,
        SegmentByteCountMax = segmentByteCountMax,
        Time = time ?? TimeProvider.System,
        MarkDelay = markDelay ?? Timeout.InfiniteTimeSpan,
        CommitInterval = TimeSpan.FromHours(1),
        ReserveByteCount = 0,
        MemoryByteCount = 1 << 18,
        PageByteCount = 1 << 14,
        ExpectedRowCount = 1024,
    };
}
