using System.Globalization;

namespace EmbedStore.Testing;

/// <summary>Where all randomness of a test run begins: the same each time, or what <see cref="Variable"/> says.</summary>
public static class TestSeed
{
    /// <summary>The environment variable that sets the seed.</summary>
    public const string Variable = "EMBEDSTORE_TEST_SEED";

    /// <summary>Of this run.</summary>
    public static int Current { get; } =
        int.TryParse(Environment.GetEnvironmentVariable(Variable), NumberStyles.Integer, CultureInfo.InvariantCulture, out int seed) ? seed : 20261121;

    /// <summary>How to run a failure again: goes into its message.</summary>
    public static string Hint { get; } = FormattableString.Invariant($"again with {Variable}={Current}");
}
