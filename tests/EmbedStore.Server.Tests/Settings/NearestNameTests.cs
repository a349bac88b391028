using EmbedStore.Http;

namespace EmbedStore.Server.Tests.Settings;

public sealed class NearestNameTests
{
    [Theory]
    [InlineData("", "", 0)]
    [InlineData("abc", "abc", 0)]
    [InlineData("", "abc", 3)]
    [InlineData("abc", "", 3)]
    [InlineData("abc", "acb", 1)]
    [InlineData("kitten", "sitting", 3)]
    [InlineData("port", "prt", 1)]
    [InlineData("port", "poort", 1)]
    public void Distance_counts_typing_mistakes(string left, string right, int mistakes) => Assert.Equal(mistakes, NearestName.Distance(left, right));
}
