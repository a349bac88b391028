namespace EmbedStore.Shards;

/// <summary>A second place, in memory, for the rows of a shard. The shard writes every change there too, so whoever has it reads rows without asking the shard.</summary>
/// <remarks>
/// Called by one thread at a time: while the shard opens for every row of the log, later by the shard's writer thread. A change arrives when its record is as lasting
/// as the shard promises, and before <see cref="Shard.Version"/> names it. Every change of a row has a higher LSN than the one before, but while the shard opens: a damaged snapshot may have told it newer ones. A mirror that throws stops the shard from taking writes.
/// </remarks>
public interface IRowMirror
{
    /// <summary>False: rows may be missing here that the shard has, so it never asks for them back.</summary>
    bool IsComplete => true;

    /// <summary>Learns that a shard has more rows, or fewer. Before the row itself comes, or after it.</summary>
    /// <param name="change">Unit: rows.</param>
    void Resize(long change)
    {
    }

    /// <summary>Takes a row as a write left it.</summary>
    /// <param name="rowId">The row.</param>
    /// <param name="lsn">Of the write. Above 0.</param>
    /// <param name="data">The row as it is stored, <see cref="RowFormat.DataByteCount"/> bytes; empty: it was erased.</param>
    void Write(long rowId, long lsn, ReadOnlySpan<byte> data);

    /// <summary>Gives back what was written last. Only the shard asks here, and only for its own rows, so no write is under way.</summary>
    /// <param name="rowId">The row.</param>
    /// <param name="data"><see cref="RowFormat.DataByteCount"/> bytes; left as they are when the row is missing.</param>
    /// <param name="lsn">Of the row's last change, 0 for none.</param>
    RowStatus Read(long rowId, Span<byte> data, out long lsn);
}
