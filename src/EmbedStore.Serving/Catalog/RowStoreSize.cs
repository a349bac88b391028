using System.Numerics;
using EmbedStore.Shards;
using EmbedStore.Tensors;

namespace EmbedStore.Serving;

/// <summary>How large a shard's row store is made: no larger than its rows can need, no larger than its part of the table's memory.</summary>
/// <param name="RowCount">Rows that the index is made for.</param>
/// <param name="MemoryByteCount">Window of rows in memory. Unit: bytes, a power of two.</param>
/// <param name="PageByteCount">Unit: bytes, a power of two.</param>
internal readonly record struct RowStoreSize(long RowCount, long MemoryByteCount, long PageByteCount)
{
    /// <summary>Header and alignment of a row in the store, at most. Unit: bytes.</summary>
    private const int RowOverheadByteCount = 64;

    /// <summary>Rows that an open vocabulary is expected to have at first.</summary>
    private const long OpenRowCount = 1L << 20;

    private const long PageByteCountMin = 1L << 12;
    private const long PageByteCountMax = 1L << 20;

    /// <summary>Fewer leave the row store nothing to turn over.</summary>
    private const long PageCount = 8;

    private const long PageCountUsual = 32;
    private const long RowsPerPage = 16;

    /// <summary>Of a table that is read elsewhere, what part of its rows the window holds: new ones and those that change on their way to scratch.</summary>
    private const long UnreadPart = 16;

    /// <summary>Smaller windows of such a table gain nothing. Unit: bytes.</summary>
    private const long UnreadByteCountMin = 1L << 20;

    /// <summary>What the row store's index takes for a row. Unit: bytes.</summary>
    private const long IndexByteCountPerRow = 16;

    /// <param name="shape">The table.</param>
    /// <param name="rows">One row of it.</param>
    /// <param name="shardCount">Of the table.</param>
    /// <param name="tableMemoryByteCount">For the row stores of all shards. Unit: bytes.</param>
    /// <param name="isRead">False: every row is kept elsewhere, whole, and its shard does not read it either.</param>
    public static RowStoreSize Of(TableShape shape, RowFormat rows, int shardCount, long tableMemoryByteCount, bool isRead)
    {
        long rowByteCount = rows.DataByteCount + rows.StateByteCount + RowOverheadByteCount;
        long memory = Math.Max(tableMemoryByteCount / shardCount, PageCount * PageByteCountMin);
        long fitting = Math.Max(memory / rowByteCount, 1);
        long expected = Math.Min((shape.IsOpen ? OpenRowCount : shape.RowCount) / shardCount, fitting);

        // A quarter more than the mean: hashing spreads rows over shards only about evenly.
        long rowCount = Math.Clamp(expected + (expected / 4) + 1, 1, fitting);
        long needed = shape.IsOpen ? memory : Math.Min(memory, rowCount * rowByteCount * 2);
        needed = isRead ? needed : Math.Min(needed, PowerOfTwoTo(Math.Max(rowCount * rowByteCount / UnreadPart, UnreadByteCountMin)));

        // A window is a power of two. Rounding up may fit; what is left beside the index is the most.
        long window = Math.Min(PowerOfTwoFrom(needed), PowerOfTwoTo(memory - PowerOfTwoFrom(rowCount * IndexByteCountPerRow)));
        window = Math.Max(window, PageCount * PageByteCountMin);
        return new RowStoreSize(rowCount, window, PageOf(window, rowByteCount));
    }

    /// <summary>Small beside its window, because FASTER may have one more than these, and large beside a row, because no row crosses its end.</summary>
    private static long PageOf(long window, long rowByteCount) =>
        Math.Clamp(Math.Max(window / PageCountUsual, PowerOfTwoFrom(RowsPerPage * rowByteCount)), PageByteCountMin, Math.Min(window / PageCount, PageByteCountMax));

    private static long PowerOfTwoFrom(long byteCount) => (long)BitOperations.RoundUpToPowerOf2((ulong)byteCount);

    private static long PowerOfTwoTo(long byteCount) => byteCount < 1 ? 0 : 1L << BitOperations.Log2((ulong)byteCount);
}
