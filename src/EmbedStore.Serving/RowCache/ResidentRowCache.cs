namespace EmbedStore.Serving;

/// <summary>The row cache of a server that owns its tables: tables that are resident are read here, all others from their shards.</summary>
public sealed class ResidentRowCache : IRowCache
{
    /// <inheritdoc/>
    /// <remarks>A shard that does not serve says so itself, so while there is one its table is read from the shards.</remarks>
    public RowMisses Read(Table table, ReadOnlySpan<long> rowIds, RowBlock block) =>
        table.ServesFromMemory() ? RowMisses.None(table.Resident!.Read(rowIds, block)) : RowMisses.All;

    /// <inheritdoc/>
    public void Admit(Table table, ReadOnlySpan<long> rowIds, RowMisses misses, RowBlock block)
    {
    }
}
