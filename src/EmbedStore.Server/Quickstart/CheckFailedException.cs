namespace EmbedStore.Server.Quickstart;

/// <summary>The server's answer is not what the client computed.</summary>
/// <param name="what">What was compared.</param>
/// <param name="expected">What the client computed.</param>
/// <param name="actual">What the server answered.</param>
internal sealed class CheckFailedException(string what, string expected, string actual)
    : Exception($"{what}: expected {expected}, got {actual}")
{
    public string What { get; } = what;

    public string Expected { get; } = expected;

    public string Actual { get; } = actual;
}
