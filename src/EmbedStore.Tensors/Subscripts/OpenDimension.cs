namespace EmbedStore.Tensors;

internal static class OpenDimension
{
    public static EmbedStoreException Refuse(string message, string expected, string actual) =>
        new(ErrorCode.OpenDimension, message, new Fact("expected", expected), new Fact("actual", actual));
}
