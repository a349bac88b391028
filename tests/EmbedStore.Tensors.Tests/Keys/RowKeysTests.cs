using System.Text;

namespace EmbedStore.Tensors.Tests;

public class RowKeysTests
{
    [Theory]
    [InlineData("a", true)]
    [InlineData("Zürich 😀", true)]
    [InlineData("\u0001", true)]
    [InlineData("", false)]
    [InlineData("a\0", false)]
    [InlineData("\0", false)]
    public void IsKey_Text_AsTheRuleSays(string text, bool expected) => Assert.Equal(expected, RowKeys.IsKey(Encoding.UTF8.GetBytes(text)));

    [Fact]
    public void IsKey_BytesAtTheLimitsAndBrokenUtf8_AsTheRuleSays()
    {
        Assert.True(RowKeys.IsKey(new byte[512].Select(static _ => (byte)'x').ToArray()));
        Assert.False(RowKeys.IsKey(new byte[513].Select(static _ => (byte)'x').ToArray()));
        Assert.False(RowKeys.IsKey([0xC3]));
        Assert.False(RowKeys.IsKey([0xED, 0xA0, 0x80])); // Half a surrogate pair.
        Assert.False(RowKeys.IsKey([0xC0, 0xAF]));       // Longer than it has to be.
    }

    [Fact]
    public void OfPadded_ZerosAtTheEnd_AreNoPartOfTheKey()
    {
        var keys = RowKeys.OfPadded("ab\0\0c\0d\0\0\0\0\0wxyz"u8.ToArray(), 4);

        Assert.Equal(["ab", "c\0d", "", "wxyz"], Enumerable.Range(0, keys.Count).Select(keys.TextOf));
        Assert.Equal(1, keys.FirstInvalid());
        Assert.Equal((9L, 4), (keys.ByteCount, keys.ByteCountMax));
    }

    [Fact]
    public void Pick_AndSlice_AreTheKeysOfTheirPlaces()
    {
        RowKeys keys = RowKeys.Of("a", "bb", "ccc", "dddd");

        Assert.Equal("dddd a a", Join(keys.Pick([3L, 0, 0])));
        Assert.Equal("ccc bb", Join(keys.Slice(1, 3).Pick([1, 0])));
    }

    [Fact]
    public void CopyPadded_RunOfKeys_ReadsBackAsThem()
    {
        RowKeys keys = RowKeys.Of("a", "bb", "Zürich");
        byte[] padded = new byte[2 * keys.ByteCountMax];

        keys.CopyPadded(1, padded, keys.ByteCountMax);

        Assert.Equal("bb Zürich", Join(RowKeys.OfPadded(padded, keys.ByteCountMax)));
    }

    private static string Join(RowKeys keys) => string.Join(' ', Enumerable.Range(0, keys.Count).Select(keys.TextOf));
}
