namespace EmbedStore.Serving;

/// <summary>Rows kept where a read costs one copy.</summary>
/// <remarks>Thread-safe. A row that it gives is whole, and no older than the newest write that was acknowledged here.</remarks>
public interface IRowCache
{
    /// <summary>Copies the rows that it has into their slots.</summary>
    /// <param name="table">The table.</param>
    /// <param name="rowIds">Shape [n].</param>
    /// <param name="block">Slots by position. Those of misses are left as they were.</param>
    /// <returns>The positions that it does not have.</returns>
    RowMisses Read(Table table, ReadOnlySpan<long> rowIds, RowBlock block);

    /// <summary>Offers rows that a shard answered with.</summary>
    void Admit(Table table, ReadOnlySpan<long> rowIds, RowMisses misses, RowBlock block);
}

/// <summary>The positions of a batch that a cache does not have: all of them, or a list in rising order.</summary>
/// <param name="AreAll">True: the list is empty and every position is meant.</param>
/// <param name="Positions">Shape [m].</param>
/// <param name="NotFoundCount">Rows that the cache does know, and knows to be missing.</param>
public readonly record struct RowMisses(bool AreAll, ReadOnlyMemory<int> Positions, int NotFoundCount = 0)
{
    /// <summary>Every position.</summary>
    public static readonly RowMisses All = new(true, default);

    /// <summary>No position.</summary>
    public static RowMisses None(int notFoundCount) => new(false, default, notFoundCount);
}

/// <summary>Keeps nothing: every row is read from its shard.</summary>
public sealed class NoRowCache : IRowCache
{
    /// <inheritdoc/>
    public RowMisses Read(Table table, ReadOnlySpan<long> rowIds, RowBlock block) => RowMisses.All;

    /// <inheritdoc/>
    public void Admit(Table table, ReadOnlySpan<long> rowIds, RowMisses misses, RowBlock block)
    {
    }
}
