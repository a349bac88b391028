using System.Buffers;
using EmbedStore.Shards;

namespace EmbedStore.Serving;

/// <summary>The distinct rows that the features of one request read of one table, read once: a row cache that has every row it is asked for.</summary>
/// <remarks>Rents its memory; dispose it once, after the answer is out.</remarks>
internal sealed class UniqueRows : IRowCache, IDisposable
{
    /// <summary>Bytes of rows that one request holds of a table at most; features that need more read their rows themselves, run by run. Unit: bytes.</summary>
    public const int ByteCountMax = 64 << 20;

    private readonly UniqueIds _ids;
    private readonly byte[] _rows;
    private readonly RowStatus[] _statuses;
    private readonly int _rowByteCount;

    private UniqueRows(UniqueIds ids, int rowByteCount)
    {
        _ids = ids;
        _rowByteCount = rowByteCount;
        _rows = ArrayPool<byte>.Shared.Rent(Math.Max(ids.Count * rowByteCount, 1));
        _statuses = ArrayPool<RowStatus>.Shared.Rent(Math.Max(ids.Count, 1));
    }

    /// <summary>Reads the distinct rows of several features of a table.</summary>
    /// <returns>Null when that would gain nothing: few ids repeat, or the rows are too many to hold.</returns>
    public static async ValueTask<UniqueRows?> TryReadAsync(RowReader reader, Table table, IReadOnlyList<FeaturePlan> features, CancellationToken cancellation)
    {
        int idCount = features.Sum(static feature => feature.Rows.Count);
        var ids = new UniqueIds(idCount);
        foreach (FeaturePlan feature in features)
        {
            ids.Add(feature.Rows.Ids.Span);
        }

        if (!IsWorthwhile(idCount, ids.Count) || (long)ids.Count * table.Rows.DataByteCount > ByteCountMax)
        {
            ids.Dispose();
            return null;
        }

        var rows = new UniqueRows(ids, table.Rows.DataByteCount);
        try
        {
            var block = new RowBlock(rows._rows.AsMemory(0, ids.Count * rows._rowByteCount), rows._statuses.AsMemory(0, ids.Count), default) { IsUse = true, Freshness = reader.Freshness };
            await reader.ReadStoredAsync(table, new RowList(ids.Ids, null), block, cancellation);
            return rows;
        }
        catch
        {
            rows.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public bool WantsVersions(Table table) => false;

    /// <inheritdoc/>
    public RowMisses Read(Table table, ReadOnlySpan<long> rowIds, RowBlock block)
    {
        Span<byte> destination = block.Rows.Span;
        Span<RowStatus> statuses = block.Statuses.Span;
        int missing = 0;
        for (int i = 0; i < rowIds.Length; i++)
        {
            int number = _ids.NumberOf(rowIds[i]);
            statuses[i] = _statuses[number];
            if (statuses[i] == RowStatus.Found)
            {
                _rows.AsSpan(number * _rowByteCount, _rowByteCount).CopyTo(destination[(i * _rowByteCount)..]);
            }
            else
            {
                missing++;
            }
        }

        return RowMisses.None(missing);
    }

    /// <inheritdoc/>
    public void Admit(Table table, ReadOnlySpan<long> rowIds, RowMisses misses, RowBlock block)
    {
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _ids.Dispose();
        ArrayPool<byte>.Shared.Return(_rows);
        ArrayPool<RowStatus>.Shared.Return(_statuses);
    }

    /// <summary>Finding each row again costs something. With rows in the shards' memory both ways are even when three quarters of the ids are distinct: see the README.</summary>
    private static bool IsWorthwhile(int idCount, int uniqueCount) => uniqueCount <= (long)idCount * 3 / 4;
}
