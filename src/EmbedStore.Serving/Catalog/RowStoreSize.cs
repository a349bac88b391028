using System.Numerics;
using EmbedStore.Shards;
using EmbedStore.Tensors;

namespace EmbedStore.Serving;

/// <summary>How large a shard's row store is made: no larger than its rows can need, no larger than its part of the table's memory.</summary>
/// <param name="RowCount">Rows that the index is made for.</param>
/// <param name="MemoryByteCount">Window of rows in memory. Unit: bytes.</param>
/// <param name="PageByteCount">Unit: bytes, a power of two.</param>
internal readonly record struct RowStoreSize(long RowCount, long MemoryByteCount, long PageByteCount)
{
    /// <summary>Header and alignment of a row in the store, at most. Unit: bytes.</summary>
    private const int RowOverheadByteCount = 64;

    /// <summary>Rows that an open vocabulary is expected to have at first.</summary>
    private const long OpenRowCount = 1L << 20;

    private const long PageByteCountMin = 1L << 12;
    private const long PageByteCountMax = 1L << 20;
    private const long PageCountMin = 4;

    public static RowStoreSize Of(TableShape shape, RowFormat rows, int shardCount, long tableMemoryByteCount)
    {
        long rowByteCount = rows.DataByteCount + rows.StateByteCount + RowOverheadByteCount;
        long memory = Math.Max(tableMemoryByteCount / shardCount, PageCountMin * PageByteCountMin);
        long fitting = Math.Max(memory / rowByteCount, 1);
        long expected = Math.Min((shape.IsOpen ? OpenRowCount : shape.RowCount) / shardCount, fitting);

        // A quarter more than the mean: hashing spreads rows over shards only about evenly.
        long rowCount = Math.Clamp(expected + (expected / 4) + 1, 1, fitting);
        long needed = shape.IsOpen ? memory : Math.Min(memory, rowCount * rowByteCount * 2);
        long page = Math.Clamp((long)BitOperations.RoundUpToPowerOf2((ulong)(needed / (2 * PageCountMin)) + 1), PageByteCountMin, PageByteCountMax);
        return new RowStoreSize(rowCount, Math.Max(needed, PageCountMin * page), page);
    }
}
