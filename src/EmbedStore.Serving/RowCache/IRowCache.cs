namespace EmbedStore.Serving;

/// <summary>Rows kept where a read costs one copy.</summary>
/// <remarks>Thread-safe. A row that it gives is whole, and no older than the newest write that was acknowledged here.</remarks>
public interface IRowCache
{
    /// <summary>True when rows of the table may be let in, for which their versions must be known.</summary>
    bool WantsVersions(Table table);

    /// <summary>Copies the rows that it has into their slots.</summary>
    /// <param name="table">The table.</param>
    /// <param name="rowIds">Shape [n].</param>
    /// <param name="block">Slots by position. What those of misses hold means nothing.</param>
    /// <returns>The positions that it does not have.</returns>
    RowMisses Read(Table table, ReadOnlySpan<long> rowIds, RowBlock block);

    /// <summary>Offers rows that a shard answered with, versions too where they are wanted.</summary>
    void Admit(Table table, ReadOnlySpan<long> rowIds, RowMisses misses, RowBlock block);
}

/// <summary>The positions of a batch that a cache does not have: all of them, or a list in rising order. Dispose it once, when the batch was read.</summary>
public readonly struct RowMisses : IDisposable
{
    private readonly int[]? _rented;

    private RowMisses(bool areAll, int[]? rented, int count, long clock, int notFoundCount)
    {
        (AreAll, _rented, Clock, NotFoundCount) = (areAll, rented, clock, notFoundCount);
        Positions = rented.AsMemory(0, count);
    }

    /// <summary>Every position.</summary>
    public static RowMisses All { get; } = new(true, null, 0, 0, 0);

    /// <summary>True: the list is empty and every position is meant.</summary>
    public bool AreAll { get; }

    /// <summary>Shape [m].</summary>
    public ReadOnlyMemory<int> Positions { get; }

    /// <summary>Rows that the cache does know, and knows to be missing.</summary>
    public int NotFoundCount { get; }

    /// <summary>When the cache was asked, by its own clock.</summary>
    public long Clock { get; }

    /// <summary>No position.</summary>
    public static RowMisses None(int notFoundCount) => new(false, null, 0, 0, notFoundCount);

    /// <summary>Some positions.</summary>
    /// <param name="rented">From the shared pool, where it goes back to.</param>
    /// <param name="count">Positions in it.</param>
    /// <param name="clock">For the cache that is offered the rows.</param>
    /// <param name="notFoundCount">See <see cref="NotFoundCount"/>.</param>
    public static RowMisses Of(int[] rented, int count, long clock, int notFoundCount = 0) => new(false, rented, count, clock, notFoundCount);

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_rented is not null)
        {
            System.Buffers.ArrayPool<int>.Shared.Return(_rented);
        }
    }
}

/// <summary>Keeps nothing: every row is read from its shard.</summary>
public sealed class NoRowCache : IRowCache
{
    /// <inheritdoc/>
    public bool WantsVersions(Table table) => false;

    /// <inheritdoc/>
    public RowMisses Read(Table table, ReadOnlySpan<long> rowIds, RowBlock block) => RowMisses.All;

    /// <inheritdoc/>
    public void Admit(Table table, ReadOnlySpan<long> rowIds, RowMisses misses, RowBlock block)
    {
    }
}
