namespace EmbedStore.Tensors;

/// <summary>What one subscript may ask for.</summary>
/// <param name="IndexCountMax">Indices after broadcasting, and coordinates of a mask. Unit: indices.</param>
public readonly record struct PlanLimits(long IndexCountMax)
{
    /// <summary>No limit but the address space: for tests and trusted callers.</summary>
    public static readonly PlanLimits None = new(Array.MaxLength);

    internal void RequireIndexCount(long count)
    {
        if (count > IndexCountMax)
        {
            throw new EmbedStoreException(
                ErrorCode.ResultTooLarge,
                FormattableString.Invariant($"The subscript stands for {count} indices; the limit is {IndexCountMax}."),
                new Fact("limit", IndexCountMax),
                new Fact("size", count));
        }
    }

    internal static EmbedStoreException Overflow() => new(
        ErrorCode.ResultTooLarge,
        "The result's number of elements does not fit 64 bits.",
        new Fact("limit", long.MaxValue),
        new Fact("size", null));
}
