using EmbedStore.Shards;

namespace EmbedStore.Serving;

/// <summary>What one shard of a shared table tells the rows in memory, from its opening to its next: how many rows it had is taken back then.</summary>
internal sealed class OwnedMirror(IMovingRows rows) : IRowMirror
{
    private long _rowCount;

    bool IRowMirror.IsComplete => false;

    void IRowMirror.Resize(long change)
    {
        Interlocked.Add(ref _rowCount, change);
        rows.Resize(change);
    }

    void IRowMirror.Write(long rowId, long lsn, ReadOnlySpan<byte> data) => rows.Write(rowId, lsn, data);

    RowStatus IRowMirror.Read(long rowId, Span<byte> data, out long lsn) => throw new NotSupportedException("Not every row is here.");

    /// <summary>Takes back what the shard said of its number of rows. Once the shard is closed.</summary>
    public void End() => rows.Resize(-Interlocked.Exchange(ref _rowCount, 0));
}
