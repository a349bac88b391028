using EmbedStore.Tensors;

namespace EmbedStore.Http;

internal static class BodyLimit
{
    /// <param name="limit">Unit: bytes.</param>
    /// <param name="size">What the caller announced; null when it did not. Unit: bytes.</param>
    public static EmbedStoreException Exceeded(long limit, long? size) => new(
        ErrorCode.BodyTooLarge,
        FormattableString.Invariant($"The body has {(size is { } s ? s : "more")} bytes{(size is null ? " than" : "; the limit is")} {limit}."),
        new Fact("limit", limit),
        new Fact("size", size));
}
