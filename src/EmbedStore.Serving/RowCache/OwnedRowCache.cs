namespace EmbedStore.Serving;

/// <summary>Of a shared table, gives from a cache below what this server owns, and offers it no other rows: nobody tells it of their changes.</summary>
/// <remarks>Thread-safe.</remarks>
public sealed class OwnedRowCache(IRowCache below) : IRowCache
{
    /// <inheritdoc/>
    public bool WantsVersions(Table table) => below.WantsVersions(table);

    /// <inheritdoc/>
    public RowMisses Read(Table table, ReadOnlySpan<long> rowIds, RowBlock block)
    {
        if (!table.IsShared)
        {
            return below.Read(table, rowIds, block);
        }

        var owned = OwnedShards.Of(table, stackalloc ulong[OwnedShards.WordCountOf(table)]);
        return owned.IsNone ? RowMisses.All : owned.Hide(rowIds, below.Read(table, rowIds, block));
    }

    /// <inheritdoc/>
    public void Admit(Table table, ReadOnlySpan<long> rowIds, RowMisses misses, RowBlock block)
    {
        if (!table.IsShared || misses.AreAll)
        {
            below.Admit(table, rowIds, misses, block);
            return;
        }

        var owned = OwnedShards.Of(table, stackalloc ulong[OwnedShards.WordCountOf(table)]);
        using RowMisses own = owned.Select(rowIds, misses);
        below.Admit(table, rowIds, own, block);
    }
}
