using System.Collections.Concurrent;

namespace EmbedStore.Serving;

/// <summary>Rows of shards that other servers own, as their owners gave them: for reads that say how old a row may be.</summary>
/// <remarks>
/// Nobody tells it of changes. Each row knows when its owner was asked, and the shard's version then: a read takes it or asks again. Also that a row is missing is kept, for as long.
/// Thread-safe.
/// </remarks>
/// <param name="byteCountMax">Memory of all tables together. Unit: bytes.</param>
/// <param name="time">Tells how old a row is.</param>
public sealed class AgedRows(long byteCountMax, TimeProvider time)
{
    private readonly ConcurrentDictionary<Table, AgedTable?> _tables = new();
    private readonly Lock _sharing = new();
    private long _byteCount;

    /// <summary>Memory that is taken. Unit: bytes.</summary>
    public long ByteCount => Interlocked.Read(ref _byteCount);

    /// <summary>To be asked before a row's owner is.</summary>
    internal long Now => time.GetTimestamp();

    /// <summary>Copies the rows that are new enough to their positions.</summary>
    /// <param name="table">The table.</param>
    /// <param name="rowIds">Shape [n].</param>
    /// <param name="positions">Shape [n] or empty: position i.</param>
    /// <param name="block">Says how old they may be.</param>
    /// <returns>The places in <paramref name="rowIds"/> of all others.</returns>
    internal RowMisses Read(Table table, ReadOnlySpan<long> rowIds, ReadOnlySpan<int> positions, RowBlock block)
    {
        AgedTable? rows = _tables.GetValueOrDefault(table);
        long oldest = Now - (long)(block.Freshness.AgeMax.TotalSeconds * time.TimestampFrequency);
        int[] missed = System.Buffers.ArrayPool<int>.Shared.Rent(rowIds.Length);
        int count = 0;
        int notFound = 0;
        for (int i = 0; i < rowIds.Length; i++)
        {
            int position = positions.IsEmpty ? i : positions[i];
            if (rows is null || !rows.TryRead(rowIds[i], oldest, block.Freshness.VersionMin, block, position, ref notFound))
            {
                missed[count++] = i;
            }
        }

        return RowMisses.Of(missed, count, clock: 0, notFound);
    }

    /// <summary>Takes rows in that their owner has given.</summary>
    /// <param name="table">The table.</param>
    /// <param name="rowIds">Shape [n].</param>
    /// <param name="rows">Of the same shape.</param>
    /// <param name="shardVersion">Of the shard before it read them.</param>
    /// <param name="askedAt">Of <see cref="Now"/>.</param>
    internal void Admit(Table table, ReadOnlySpan<long> rowIds, PeerRowsView rows, long shardVersion, long askedAt)
    {
        if (_tables.GetOrAdd(table, Make) is { } target)
        {
            for (int i = 0; i < rowIds.Length; i++)
            {
                target.Write(rowIds[i], rows, i, shardVersion, askedAt);
            }
        }
    }

    /// <summary>The first table that asks takes a quarter, the next a quarter of what is left: so there is something for all.</summary>
    private AgedTable? Make(Table table)
    {
        lock (_sharing)
        {
            var made = AgedTable.TryMake(table.Rows.DataByteCount, (byteCountMax - _byteCount) / 4);
            if (made is not null)
            {
                Interlocked.Add(ref _byteCount, made.ByteCount);
                table.Closing.Register(() => Drop(table, made.ByteCount));
            }

            return made;
        }
    }

    private void Drop(Table table, long byteCount)
    {
        _tables.TryRemove(table, out _);
        Interlocked.Add(ref _byteCount, -byteCount);
    }
}
