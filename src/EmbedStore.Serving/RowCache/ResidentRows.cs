using EmbedStore.Shards;
using EmbedStore.Tensors;

namespace EmbedStore.Serving;

/// <summary>Every row of a table of a fixed number of rows, in memory: what its shards hold, found without asking them.</summary>
/// <remarks>
/// Its shards write every change here before they acknowledge it, and fill it from their logs when they open: it is complete for the shards that serve.
/// Thread-safe: readers never wait for a writer and never see half a row.
/// </remarks>
public sealed class ResidentRows : IRowMirror, IDisposable
{
    private readonly RowSlab _slab;

    private ResidentRows(RowSlab slab) => _slab = slab;

    /// <summary>Memory that all rows take. Unit: bytes, exact.</summary>
    public long ByteCount => _slab.ByteCount;

    /// <summary>What the rows of a table take when they are resident; 0 when they are not: slots do not know when a row expires. Unit: bytes, exact.</summary>
    /// <param name="shape">The table.</param>
    /// <param name="rows">One row of it.</param>
    /// <param name="tableMemoryByteCount">For the table's rows, here and in its shards. Half of it is the most that this takes: see the README.</param>
    public static long ByteCountOf(TableShape shape, RowFormat rows, long tableMemoryByteCount)
    {
        long slot = RowSlab.SlotByteCount(rows.DataByteCount);
        return !shape.IsOpen && rows.TimeToLiveMilliseconds is null && shape.RowCount <= tableMemoryByteCount / 2 / slot ? shape.RowCount * slot : 0;
    }

    /// <summary>Makes place for the rows of a table, all of them never written.</summary>
    /// <returns>Null when they are not to be resident, or the system has no memory for them: then the shards serve them.</returns>
    public static ResidentRows? TryMake(TableShape shape, RowFormat rows, long tableMemoryByteCount)
    {
        if (ByteCountOf(shape, rows, tableMemoryByteCount) == 0)
        {
            return null;
        }

        try
        {
            return new ResidentRows(new RowSlab(shape.RowCount, rows.DataByteCount));
        }
        catch (OutOfMemoryException)
        {
            return null;
        }
    }

    /// <summary>Copies a batch of rows into their slots. Allocates nothing.</summary>
    /// <param name="rowIds">Shape [n], each a row of the table. Repeats are fine.</param>
    /// <param name="block">Slots by position.</param>
    /// <returns>Rows that are missing. Their slot is left as it was, unless the row was erased while it was copied: then what it holds means nothing.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A row is not of this table, or a slot not of this block.</exception>
    /// <exception cref="ObjectDisposedException">The table is gone.</exception>
    public int Read(ReadOnlySpan<long> rowIds, in RowBlock block) => _slab.Read(rowIds, block.Rows.Span, block.Statuses.Span, block.Versions.Span);

    /// <summary>Gives the memory back when the last read that is under way has ended.</summary>
    public void Dispose() => _slab.Dispose();

    void IRowMirror.Write(long rowId, long lsn, ReadOnlySpan<byte> data) => _slab.Write(rowId, lsn, data);

    RowStatus IRowMirror.Read(long rowId, Span<byte> data, out long lsn) => _slab.ReadOne(rowId, data, out lsn);
}
