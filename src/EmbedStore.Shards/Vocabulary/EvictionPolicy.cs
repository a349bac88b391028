namespace EmbedStore.Shards;

/// <summary>Which rows make room for others.</summary>
public enum EvictionPolicy
{
    /// <summary>Those whose last use is longest ago.</summary>
    Lru,

    /// <summary>Those with the fewest uses; of equal ones, those whose last use is longest ago.</summary>
    Lfu,
}

/// <summary>A row that may make room, and what decides on that.</summary>
/// <param name="RowId">The row.</param>
/// <param name="Count">How often it was used.</param>
/// <param name="Tick">Of its last use.</param>
/// <param name="IsProtected">Used since the update that asks for room: it goes after all others.</param>
public readonly record struct EvictionCandidate(long RowId, int Count, long Tick, bool IsProtected)
{
    /// <summary>Orders candidates, first to go first. No two rows are equal.</summary>
    /// <remarks>Protected rows go by their last use whatever the policy: an update of more rows than there is room for leaves its last ones.</remarks>
    public static IComparer<EvictionCandidate> OrderOf(EvictionPolicy policy) => Comparer<EvictionCandidate>.Create((left, right) =>
    {
        int order = left.IsProtected.CompareTo(right.IsProtected);
        order = order == 0 && policy == EvictionPolicy.Lfu && !left.IsProtected ? left.Count.CompareTo(right.Count) : order;
        order = order == 0 ? left.Tick.CompareTo(right.Tick) : order;
        return order == 0 ? left.RowId.CompareTo(right.RowId) : order;
    });
}
