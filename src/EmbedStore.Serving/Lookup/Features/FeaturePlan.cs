using EmbedStore.Tensors;

namespace EmbedStore.Serving;

/// <summary>A feature that passed every check: a sequence or bags.</summary>
internal sealed record FeaturePlan(FeatureRequest Request, SequencePlan? Sequence, BagPlan? Bags)
{
    /// <summary>Shape [n]: every row that it reads.</summary>
    public RowList Rows => Sequence?.Entries.Rows ?? Bags!.Rows;

    /// <summary>Checks all features of a call.</summary>
    /// <exception cref="EmbedStoreException">
    /// BodyTooLarge for more ids than a request may send; what <see cref="SequencePlan.Of"/> and <see cref="BagPlan.Of"/> refuse: of several, the one that stands first in <see cref="ErrorCode"/>.
    /// </exception>
    public static IReadOnlyList<FeaturePlan> OfAll(IReadOnlyList<FeatureRequest> features, ServingLimits limits, RequestMemory memory)
    {
        limits.RequireIds(features.Sum(IdCount));
        var budget = new ResultBudget(limits);
        var plans = new List<FeaturePlan>(features.Count);
        EmbedStoreException? first = null;
        foreach (FeatureRequest feature in features)
        {
            try
            {
                plans.Add(Of(feature, budget, memory));
            }
            catch (EmbedStoreException refusal)
            {
                first = first is null || refusal.Code < first.Code ? feature.Origin.Translate(refusal) : first;
            }
        }

        return first is null ? plans : throw first;
    }

    private static long IdCount(FeatureRequest feature) =>
        !feature.Tensors.TryGetValue("ids", out Tensor? ids) ? 0
        : feature.Table.Shape.HasKeys && ids is { Type: ElementType.U8, Shape.Rank: > 0 } ? TensorShape.Of(ids.Shape.Sizes[..^1]).ElementCount
        : ids.Shape.ElementCount;

    private static FeaturePlan Of(FeatureRequest feature, ResultBudget budget, RequestMemory memory)
    {
        if (feature.Mode is not { } mode)
        {
            return new FeaturePlan(feature, SequencePlan.Of(feature, budget, memory), null);
        }

        var bags = new BagRequest
        {
            Tensors = feature.Tensors,
            Mode = mode,
            IncludeLastOffset = feature.IncludeLastOffset,
            PaddingIndex = feature.PaddingIndex,
            Type = feature.Type,
            Missing = feature.Missing,
        };
        return new FeaturePlan(feature, null, BagPlan.Of(feature.Table, bags, budget, memory));
    }
}
