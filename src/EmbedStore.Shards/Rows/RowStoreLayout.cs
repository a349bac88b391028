using System.Numerics;

namespace EmbedStore.Shards;

/// <summary>The sizes that a row store is made with, and what they come to when it holds rows.</summary>
/// <param name="RecordByteCount">What one row takes of a page. Unit: bytes.</param>
/// <param name="PageByteCount">Unit: bytes, a power of two.</param>
/// <param name="MemoryByteCount">Pages in memory at most. Unit: bytes, a power of two.</param>
/// <param name="IndexByteCount">Unit: bytes, a power of two.</param>
/// <param name="SegmentByteCount">A file of scratch. Unit: bytes, a power of two.</param>
internal readonly record struct RowStoreLayout(int RecordByteCount, long PageByteCount, long MemoryByteCount, long IndexByteCount, long SegmentByteCount)
{
    /// <summary>What a row that is gone takes of a page. Unit: bytes.</summary>
    public const int GoneRecordByteCount = (RecordOverheadByteCount + RowImage.DataOffset + 7) / 8 * 8;

    /// <summary>Of the pages in memory, the part in which rows are changed in place.</summary>
    public const double MutableFraction = 0.9;

    // FASTER's own, measured by its layout: record header and key, and a bucket of 64 bytes for 7 rows of which about 4 stay unchained.
    private const int RecordOverheadByteCount = 20;
    private const int IndexByteCountPerRow = 16;

    private const long SegmentByteCountMax = 1L << 30;

    /// <summary>Scratch files of the rows that a store is made for, at most; each is kept open.</summary>
    private const int SegmentCount = 64;

    /// <summary>Bytes at the beginning of the first page that hold no row.</summary>
    private const long FirstAddress = 64;

    public static RowStoreLayout Of(RowFormat format, ShardOptions options)
    {
        int record = (RecordOverheadByteCount + RowImage.ByteCount(format) + 7) / 8 * 8;

        // A record must fit into a page, beside the page's first 64 bytes; fewer than 8 pages leave FASTER nothing to turn over.
        long page = PowerOfTwo(Math.Max(options.PageByteCount, record + FirstAddress));
        long memory = PowerOfTwo(Math.Max(options.MemoryByteCount, 8 * page));
        long index = PowerOfTwo(Math.Max(options.ExpectedRowCount * IndexByteCountPerRow, 1 << 12));
        long segment = Math.Clamp(PowerOfTwo(Math.Max(memory, options.ExpectedRowCount * record / SegmentCount)), page, SegmentByteCountMax);
        return new RowStoreLayout(record, page, memory, index, segment);
    }

    /// <summary>A row's part of a page: no record crosses the end of one. Unit: bytes.</summary>
    public long RowFootprint => PageByteCount / RecordsPerPage;

    /// <summary>Pages in memory once so many rows were written. Unit: bytes.</summary>
    public long PagesByteCount(long rowCount) => Math.Min((PageCount(rowCount) + 1) * PageByteCount, MemoryByteCount);

    /// <summary>Rows in memory and scratch. Unit: bytes.</summary>
    public long RowsByteCount(long rowCount) => rowCount * RecordByteCount;

    /// <summary>Pages that left the part of memory in which rows are changed. Unit: bytes.</summary>
    public long ScratchByteCount(long rowCount) => Math.Max(PageCount(rowCount) - 1 - MutablePageCount, 0) * PageByteCount;

    private long MutablePageCount => (long)(MutableFraction * (MemoryByteCount / PageByteCount));

    private long RecordsPerPage => PageByteCount / RecordByteCount;

    private long PageCount(long rowCount)
    {
        long inFirst = (PageByteCount - FirstAddress) / RecordByteCount;
        return rowCount <= inFirst ? 1 : 1 + ((rowCount - inFirst + RecordsPerPage - 1) / RecordsPerPage);
    }

    private static long PowerOfTwo(long byteCount) => (long)BitOperations.RoundUpToPowerOf2((ulong)byteCount);
}
