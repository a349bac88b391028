using EmbedStore.Tensors;

namespace EmbedStore.Serving;

/// <summary>A search that passed every check.</summary>
/// <remarks>Immutable.</remarks>
internal sealed record NearestPlan
{
    /// <summary>Most rows of a fixed table that are searched. Unit: rows.</summary>
    public const long RowCountMax = 1L << 32;

    public required Tensor Queries { get; init; }

    public required int Count { get; init; }

    public required NearestMetric Metric { get; init; }

    /// <summary>What rows read as. Missing ones are candidates unless <see cref="SkipsMissing"/>.</summary>
    public required AnswerFormat Format { get; init; }

    public required bool SkipsMissing { get; init; }

    public int QueryCount => (int)Queries.Shape[0];

    /// <summary>Type that distances are computed in: binary64 for rows that binary32 cannot hold.</summary>
    public ElementType ComputeType => Format.Type is ElementType.F64 or ElementType.I64 or ElementType.I32 ? ElementType.F64 : ElementType.F32;

    /// <summary>Checks a search.</summary>
    /// <exception cref="EmbedStoreException">UnknownTensor, MissingTensor, UnsupportedDtype, ShapeMismatch, ResultTooLarge.</exception>
    public static NearestPlan Of(Table table, NearestRequest request, ServingLimits limits)
    {
        Tensor queries = RequireQueries(request.Tensors);
        RequireShape(table, queries.Shape);
        limits.RequireResult((Int128)queries.Shape[0] * ((request.Count * (sizeof(long) + sizeof(float))) + 1));
        RequireRows(table);
        MissingPolicy missing = request.Missing ?? table.Spec.Missing;
        return new NearestPlan
        {
            Queries = queries,
            Count = request.Count,
            Metric = request.Metric,
            Format = AnswerFormat.OfRows(table.Rows, table.Rows.ValueType, missing),
            SkipsMissing = table.Shape.IsOpen || missing == MissingPolicy.Error,
        };
    }

    private static Tensor RequireQueries(IReadOnlyDictionary<string, Tensor> tensors)
    {
        string? unknown = tensors.Keys.Where(static name => name != "queries").Order(StringComparer.Ordinal).FirstOrDefault();
        if (unknown is not null)
        {
            throw new EmbedStoreException(ErrorCode.UnknownTensor, $"A search takes queries, not '{unknown}'.", new Fact("tensor", unknown));
        }

        if (!tensors.TryGetValue("queries", out Tensor? queries))
        {
            throw new EmbedStoreException(ErrorCode.MissingTensor, "A search needs 'queries'.", new Fact("tensor", "queries"));
        }

        return queries.Type != ElementType.Bool
            ? queries
            : throw new EmbedStoreException(ErrorCode.UnsupportedDtype, "'queries' are numbers, not BOOL.", new Fact("tensor", "queries"));
    }

    private static void RequireShape(Table table, TensorShape queries)
    {
        EmbeddingIds.RequireRows(table);
        if (queries.Rank != 2 || queries[1] != table.Shape.RowWidth)
        {
            throw TensorErrors.Shape("queries", $"[Q, {table.Shape.RowWidth}]", queries);
        }
    }

    /// <summary>A search looks at every row, so it is refused where that would take hours.</summary>
    private static void RequireRows(Table table)
    {
        if (table.Shape.RowCount > RowCountMax)
        {
            throw new EmbedStoreException(
                ErrorCode.ResultTooLarge,
                FormattableString.Invariant($"The table has {table.Shape.RowCount} rows; at most {RowCountMax} are searched."),
                new Fact("limit", RowCountMax),
                new Fact("size", table.Shape.RowCount));
        }
    }
}
