using EmbedStore.Tensors;

namespace EmbedStore.Serving;

/// <summary>A feature that is not pooled and passed every check: a row for each id.</summary>
/// <remarks>Immutable.</remarks>
internal sealed record SequencePlan(LookupEntries Entries, ElementType Type, MissingPolicy Missing)
{
    /// <summary>Checks the ids of a sequence.</summary>
    /// <exception cref="EmbedStoreException">
    /// UnknownTensor, MissingTensor, UnsupportedDtype, TooManyIndices, ShapeMismatch, InvalidParameter (padding_idx, include_last_offset), ResultTooLarge, IndexOutOfRange.
    /// </exception>
    public static SequencePlan Of(FeatureRequest feature, ResultBudget budget, RequestMemory memory)
    {
        Table table = feature.Table;
        RequireNoBags(feature);
        Tensor ids = RequireTensors(table.Shape.HasKeys ? KeyTensors.Bind("ids", feature.Tensors, budget.Limits, memory) : feature.Tensors);
        ElementType type = RequireTypes(table, feature.Type, ids);
        TensorShape shape = ShapeOf(table, ids.Shape, type, budget);
        RowList rows = EmbeddingIds.Read(table, ids, memory);
        return new SequencePlan(new LookupEntries(shape, ids.Shape, rows, default), type, feature.Missing ?? table.Spec.Missing);
    }

    private static void RequireNoBags(FeatureRequest feature)
    {
        string? given = feature.PaddingIndex is not null ? "padding_idx" : feature.IncludeLastOffset ? "include_last_offset" : null;
        if (given is not null)
        {
            throw new EmbedStoreException(ErrorCode.InvalidParameter, $"{given} goes with a feature that is pooled.", new Fact("parameter", given));
        }
    }

    private static Tensor RequireTensors(IReadOnlyDictionary<string, Tensor> tensors)
    {
        string? unknown = tensors.Keys.Where(static name => name != "ids").Order(StringComparer.Ordinal).FirstOrDefault();
        if (unknown is not null)
        {
            throw new EmbedStoreException(ErrorCode.UnknownTensor, $"A sequence takes ids, not '{unknown}'.", new Fact("tensor", unknown));
        }

        return tensors.TryGetValue("ids", out Tensor? ids)
            ? ids
            : throw new EmbedStoreException(ErrorCode.MissingTensor, "A sequence needs 'ids'.", new Fact("tensor", "ids"));
    }

    private static ElementType RequireTypes(Table table, ElementType? asked, Tensor ids) => (table.Shape.HasKeys ? ids.Type == ElementType.Str : ids.Type.IsInteger())
        ? LookupPipeline.AnswerType(table, asked)
        : throw TensorErrors.Type("ids", ids.Type);

    private static TensorShape ShapeOf(Table table, TensorShape ids, ElementType type, ResultBudget budget)
    {
        EmbeddingIds.RequireRows(table);
        long[] sizes = table.Shape.HasColumns ? [.. ids.Sizes, table.Shape.RowWidth] : [.. ids.Sizes];
        if (sizes.Length > TensorShape.RankMax)
        {
            throw new EmbedStoreException(
                ErrorCode.TooManyIndices,
                $"The result would have {sizes.Length} dimensions; the limit is {TensorShape.RankMax}.",
                new Fact("expected", TensorShape.RankMax),
                new Fact("actual", sizes.Length));
        }

        budget.Take((Int128)ids.ElementCount * table.Shape.RowWidth * type.ByteCount());
        return TensorShape.TryCreate(sizes, out TensorShape? shape)
            ? shape
            : throw new EmbedStoreException(ErrorCode.ResultTooLarge, "The result's shape overflows.", new Fact("limit", budget.Limits.ResultByteCountMax), new Fact("size", long.MaxValue));
    }
}
