using System.Globalization;

namespace EmbedStore.Testing;

/// <summary>The seed of this run's random tests: another each time, or the one in <c>EMBEDSTORE_TEST_SEED</c>.</summary>
public static class TestSeed
{
    /// <summary>Where a seed is given back in.</summary>
    public const string Variable = "EMBEDSTORE_TEST_SEED";

    /// <summary>Of this run.</summary>
    public static int Current { get; } =
        int.TryParse(Environment.GetEnvironmentVariable(Variable), CultureInfo.InvariantCulture, out int seed) ? seed : Random.Shared.Next();

    /// <summary>How to run a failure again: goes into its message.</summary>
    public static string Hint => FormattableString.Invariant($"again with {Variable}={Current}");
}
