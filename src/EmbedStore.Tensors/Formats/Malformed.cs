namespace EmbedStore.Tensors;

/// <summary>Builds the refusal of a body that does not follow its own format.</summary>
internal static class Malformed
{
    /// <param name="offset">Where the fault was seen. Unit: bytes from the beginning of the body.</param>
    /// <param name="message">One sentence that names the value and what was allowed.</param>
    public static EmbedStoreException At(long offset, string message) =>
        new(ErrorCode.MalformedBody, message, new Fact("offset", offset));
}
