namespace EmbedStore.Serving;

/// <summary>The row cache of a server that owns its tables: of a resident table it has every row, of the others those that are read often.</summary>
public sealed class LocalRowCache : IRowCache
{
    /// <inheritdoc/>
    public bool WantsVersions(Table table) => table.Cached is not null;

    /// <inheritdoc/>
    /// <remarks>A shard that does not serve says so itself, so while there is one its table is read from the shards. Of a shared table only rows of owned shards mean anything: <see cref="OwnedRowCache"/> stands above.</remarks>
    public RowMisses Read(Table table, ReadOnlySpan<long> rowIds, RowBlock block) =>
        !table.ReadsMemory() ? RowMisses.All
        : table.Resident is { } rows ? RowMisses.None(rows.Read(rowIds, block))
        : table.Cached?.Read(rowIds, block) ?? RowMisses.All;

    /// <inheritdoc/>
    public void Admit(Table table, ReadOnlySpan<long> rowIds, RowMisses misses, RowBlock block)
    {
        if (!misses.AreAll)
        {
            table.Cached?.Admit(rowIds, misses, block);
        }
    }
}
