using EmbedStore.Tensors;

namespace EmbedStore.Shards.Tests;

public sealed class KeyHashTests
{
    /// <summary>The reference vectors of SipHash-2-4: the bytes 00, 01, 02, ... as many as the first column says.</summary>
    [Theory]
    [InlineData(0, 0x726FDB47DD0E0E31)]
    [InlineData(1, 0x74F839C593DC67FD)]
    [InlineData(2, 0x0D6C8009D9A94F5A)]
    [InlineData(3, 0x85676696D7FB7E2D)]
    [InlineData(4, 0xCF2794E0277187B7)]
    [InlineData(5, 0x18765564CD99A68D)]
    [InlineData(6, 0xCBC9466E58FEE3CE)]
    [InlineData(7, 0xAB0200F58B01D137)]
    [InlineData(8, 0x93F5F5799A932462)]
    [InlineData(15, 0xA129CA6149BE45E5)]
    public void Of_ReferenceInput_IsTheReferenceHash(int length, ulong expected)
    {
        byte[] input = [.. Enumerable.Range(0, length).Select(static i => (byte)i)];

        Assert.Equal(unchecked((long)expected), KeyHash.Of(input));
    }

    /// <summary>Shards on disk depend on these.</summary>
    [Fact]
    public void Of_Keys_NeverChanges()
    {
        Assert.Equal([-690686638742651276, -2512390226671643892], KeyHash.Of(RowKeys.Of("user:1", "Zürich")));
    }
}
