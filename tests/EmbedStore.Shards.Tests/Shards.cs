using System.Runtime.InteropServices;
using EmbedStore.Tensors;

namespace EmbedStore.Shards.Tests;

/// <summary>Short words for the tests: opening, writing and reading shards of four floats.</summary>
internal static class Shards
{
    public const int Width = 4;

    /// <summary>Of the one shard of a disk in memory.</summary>
    public const string Folder = "/shard";

    public static readonly RowFormat FourFloats = new(ElementType.F32, Width);

    /// <summary>Small sizes: a test has many shards, and pages that fit a few rows show more.</summary>
    public static ShardOptions Options(IDisk? disk = null, Durability durability = Durability.Commit, long segmentByteCountMax = 1 << 20, TimeProvider? time = null, long memoryByteCount = 1 << 18, long reserveByteCount = 0) => new()
    {
        Disk = disk ?? PhysicalDisk.Instance,
        Durability = durability,
        Time = time ?? TimeProvider.System,
        MarkDelay = time is null ? Timeout.InfiniteTimeSpan : TimeSpan.FromMilliseconds(100),
        SegmentByteCountMax = segmentByteCountMax,
        ReserveByteCount = reserveByteCount,
        MemoryByteCount = memoryByteCount,
        PageByteCount = Math.Max(memoryByteCount / 16, 4096),
        ExpectedRowCount = 1024,
    };

    public static Task<Shard> OpenAsync(TemporaryFolder folder, RowFormat? format = null, ShardOptions? options = null) =>
        Shard.OpenAsync(folder.Log, folder.Scratch, format ?? FourFloats, options ?? Options(), CancellationToken.None);

    /// <summary>The one shard of a disk in memory.</summary>
    public static Task<Shard> OpenAsync(ShardOptions options, RowFormat? format = null) =>
        Shard.OpenAsync(Folder, "/scratch", format ?? FourFloats, options, CancellationToken.None);

    public static RowWrite Assign(long[] rowIds, params float[] values) => Write(RowWriteKind.Assign, rowIds, values);

    public static RowWrite Accumulate(long[] rowIds, params float[] values) => Write(RowWriteKind.Accumulate, rowIds, values);

    public static RowWrite Erase(params long[] rowIds) => new() { Kind = RowWriteKind.Erase, RowIds = rowIds };

    /// <summary>Sets every element of one row to one number.</summary>
    public static RowWrite Row(long rowId, float value) => Assign([rowId], value, value, value, value);

    public static async Task<SnapshotInfo> SnapshotAsync(this Shard shard, long id)
    {
        await using ShardSnapshot snapshot = await shard.BeginSnapshotAsync(id, CancellationToken.None);
        await snapshot.EndAsync();
        SnapshotInfo info = await snapshot.SaveAsync();
        await snapshot.KeepAsync(snapshot.PreviousId);
        return info;
    }

    /// <summary>A snapshot with a write before it, one beside it, and one between its end and its existence.</summary>
    public static async Task SnapshotAmidAsync(this Shard shard, long id, Func<Task> write)
    {
        await write();
        Task<ShardSnapshot> scan = shard.BeginSnapshotAsync(id, CancellationToken.None);
        await write();
        await using ShardSnapshot snapshot = await scan;
        await write();
        await snapshot.EndAsync();
        await write();
        await snapshot.SaveAsync();
        await snapshot.KeepAsync(snapshot.PreviousId);
    }

    public static async Task<WriteReceipt> WriteAsync(this Shard shard, RowWrite write) => await shard.WriteAsync(write, CancellationToken.None);

    /// <summary>The elements of each row; NaN where a row is missing.</summary>
    public static float[] Read(this Shard shard, params long[] rowIds)
    {
        float[] rows = new float[rowIds.Length * shard.Format.Width];
        Array.Fill(rows, float.NaN);
        byte[] bytes = MemoryMarshal.AsBytes(rows.AsSpan()).ToArray();
        shard.Read(rowIds, [], bytes, new RowStatus[rowIds.Length], Memory<long>.Empty);
        return MemoryMarshal.Cast<byte, float>(bytes).ToArray();
    }

    /// <summary>The first element of each row; NaN where a row is missing.</summary>
    public static float[] Firsts(this Shard shard, params long[] rowIds)
    {
        float[] rows = shard.Read(rowIds);
        return [.. rowIds.Select((_, i) => rows[i * shard.Format.Width])];
    }

    public static (RowStatus Status, long Version) StatusOf(this Shard shard, long rowId)
    {
        var statuses = new RowStatus[1];
        long[] versions = new long[1];
        shard.Read([rowId], [], new byte[shard.Format.DataByteCount], statuses, versions);
        return (statuses[0], versions[0]);
    }

    private static RowWrite Write(RowWriteKind kind, long[] rowIds, float[] values) => new()
    {
        Kind = kind,
        RowIds = rowIds,
        Columns = new ColumnRange(0, Width, 1),
        Values = MemoryMarshal.AsBytes(values.AsSpan()).ToArray(),
    };
}
