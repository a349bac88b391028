namespace EmbedStore.Benchmarks;

/// <summary>What every benchmark asks before it is timed: did both do the same?</summary>
internal static class Same
{
    /// <exception cref="InvalidOperationException">They differ.</exception>
    public static void Require<T>(ReadOnlySpan<T> expected, ReadOnlySpan<T> actual)
    {
        if (!expected.SequenceEqual(actual))
        {
            throw new InvalidOperationException($"Element {expected.CommonPrefixLength(actual)} of {actual.Length} differs; {expected.Length} were expected.");
        }
    }

    /// <exception cref="InvalidOperationException">They differ.</exception>
    public static void Require<T>(T expected, T actual) => Require<T>([expected], [actual]);
}
