namespace EmbedStore.Http;

/// <summary>What a path asks of whoever calls it; every path has one, see <see cref="EmbedStoreRoutes"/>.</summary>
/// <param name="Role">What the key must allow; null: no key is needed.</param>
internal sealed record CallRule(KeyRole? Role)
{
    /// <summary>For everybody.</summary>
    public static readonly CallRule Open = new((KeyRole?)null);

    public static readonly CallRule Read = new(KeyRole.Read);

    public static readonly CallRule Write = new(KeyRole.Write);

    public static readonly CallRule Admin = new(KeyRole.Admin);
}
