using System.Globalization;

namespace EmbedStore.Testing;

/// <summary>Where all randomness of a test run begins. A failing test prints it; the same value repeats the run.</summary>
public static class TestSeed
{
    /// <summary>The environment variable that sets the seed.</summary>
    public const string Variable = "EMBEDSTORE_TEST_SEED";

    public static int Value { get; } = int.TryParse(Environment.GetEnvironmentVariable(Variable), NumberStyles.Integer, CultureInfo.InvariantCulture, out int seed) ? seed : 20261121;

    public static string Hint { get; } = FormattableString.Invariant($"{Variable}={Value}");
}
