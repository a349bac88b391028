using EmbedStore.Testing;

namespace EmbedStore.Shards.Tests.Rows;

public sealed class PortableLogTests
{
    /// <summary>Rounded from 30 digits that were computed apart from the code.</summary>
    [Theory]
    [InlineData(1, 0)]
    [InlineData(0.5, -0.69314718055994530942)]
    [InlineData(2, 0.69314718055994530942)]
    [InlineData(10, 2.3025850929940456840)]
    [InlineData(0.99999999999999988898, -1.1102230246251565404e-16)]
    [InlineData(1.1102230246251565404e-16, -36.736800569677101400)]
    public void Of_KnownNumbers_IsTheirLogarithm(double x, double log) => AssertNear(log, PortableLog.Of(x));

    [Fact]
    public void Of_AnyNumber_AgreesWithTheLibrary()
    {
        var random = new Random(TestSeed.Current);
        for (int i = 0; i < 100_000; i++)
        {
            double x = Math.ScaleB(1 + random.NextDouble(), random.Next(-60, 60));
            AssertNear(Math.Log(x), PortableLog.Of(x));
        }
    }

    private static void AssertNear(double expected, double actual) =>
        Assert.True(Math.Abs(expected - actual) <= 4e-16 * Math.Max(Math.Abs(expected), 1e-300), $"{expected:R} and {actual:R}; {TestSeed.Hint}");
}
