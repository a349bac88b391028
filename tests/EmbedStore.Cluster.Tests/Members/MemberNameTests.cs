namespace EmbedStore.Cluster.Tests;

public sealed class MemberNameTests
{
    [Fact]
    public void Parse_WhatToStringWrote_GivesItBack() =>
        Assert.Equal(new MemberName("node-1.rack_2", 7790), MemberName.Parse(new MemberName("node-1.rack_2", 7790).ToString()));

    [Theory]
    [InlineData("node")]
    [InlineData(":7790")]
    [InlineData("node:")]
    [InlineData("node:x")]
    [InlineData("node:7790:1")]
    [InlineData(null)]
    public void Parse_SomethingElse_IsNull(string? text) => Assert.Null(MemberName.Parse(text));
}
