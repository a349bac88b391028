namespace EmbedStore.Serving;

/// <summary>Serves whole operations where their rows lie, instead of bringing the rows to the operation.</summary>
/// <remarks>
/// <para>Each call may say no, for any reason: a row is not there, the request is too small to be worth it, the device is busy or failed. Then the caller goes the usual way, and what was written means nothing.</para>
/// <para>A row that is used is no older than the newest write that was acknowledged before the call. Thread-safe.</para>
/// </remarks>
public interface IRowCompute
{
    /// <summary>Reads whole rows in another type than they are stored in.</summary>
    /// <param name="table">The table.</param>
    /// <param name="format">All columns.</param>
    /// <param name="rowIds">Shape [n].</param>
    /// <param name="destination">Shape [n, columns] of the answer's type.</param>
    /// <param name="versions">Shape [n], or empty.</param>
    /// <returns>True: every row was found.</returns>
    bool TryGather(Table table, in AnswerFormat format, ReadOnlySpan<long> rowIds, Span<byte> destination, Span<long> versions);

    /// <summary>Pools bags of rows.</summary>
    /// <param name="table">The table.</param>
    /// <param name="batch">Which rows, and how.</param>
    /// <param name="pooled">Shape [bags, width], of the type that bags are pooled in.</param>
    /// <returns>True: every row was found.</returns>
    bool TryPool(Table table, in BagBatch batch, Span<byte> pooled);

    /// <summary>Searches every row of a table.</summary>
    /// <param name="table">The table.</param>
    /// <param name="batch">For what.</param>
    /// <param name="rowIds">Shape [queries, count]: nearest first, of equal ones the lower id; -1 where there are no more.</param>
    /// <param name="scores">Same shape; means nothing where there are no more.</param>
    /// <param name="exact">Shape [queries]: a row has the bits of the query.</param>
    bool TryFindNearest(Table table, in NearestBatch batch, Span<long> rowIds, Span<float> scores, Span<bool> exact);
}

/// <summary>Bags for <see cref="IRowCompute.TryPool"/>.</summary>
public readonly ref struct BagBatch
{
    /// <summary>Shape [n], each a row of the table.</summary>
    public required ReadOnlySpan<long> RowIds { get; init; }

    /// <summary>Shape [bags + 1]: where each bag begins, and the end of the last.</summary>
    public required ReadOnlySpan<long> Begins { get; init; }

    /// <summary>Shape [n], or empty: all 1.</summary>
    public required ReadOnlySpan<double> Weights { get; init; }

    /// <summary>With weights: sum.</summary>
    public required PoolingMode Mode { get; init; }

    /// <summary>Left out; null: none.</summary>
    public required long? PaddingId { get; init; }
}

/// <summary>Queries for <see cref="IRowCompute.TryFindNearest"/>.</summary>
public readonly ref struct NearestBatch
{
    /// <summary>Shape [queries, width]; with <see cref="NearestMetric.Cosine"/> of length 1, or 0.</summary>
    public required ReadOnlySpan<float> Queries { get; init; }

    /// <summary>Shape [queries, row bytes]: the queries as rows are stored.</summary>
    public required ReadOnlySpan<byte> StoredQueries { get; init; }

    /// <summary>Shape [queries]: false where the query is no row, whatever its bytes.</summary>
    public required ReadOnlySpan<bool> CanBeRow { get; init; }

    /// <summary>Rows for each query. At least 1.</summary>
    public required int Count { get; init; }

    /// <summary>What is near.</summary>
    public required NearestMetric Metric { get; init; }

    /// <summary>Missing rows are no candidates; otherwise they read as zeros.</summary>
    public required bool SkipsMissing { get; init; }
}
