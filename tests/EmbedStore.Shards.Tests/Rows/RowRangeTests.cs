namespace EmbedStore.Shards.Tests.Rows;

/// <summary>Numbers at the end of what a row's type can hold.</summary>
public sealed class RowRangeTests
{
    [Theory]
    [InlineData(65505f, 65504f)]
    [InlineData(65519f, 65504f)]
    [InlineData(-65519f, -65504f)]
    [InlineData(65600f, float.PositiveInfinity)]
    public void ToHalf_NumberBesideTheLargest_IsShakenNoFurther(float value, float expected)
    {
        for (long rowId = 0; rowId < 200; rowId++)
        {
            Assert.Equal(expected, (float)new StochasticRounding(7, rowId, 1).ToHalf(value, 0));
        }
    }

    [Theory]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.MaxValue)]
    public void Encode_SumThatGrewTooLarge_KeepsTheRowFinite(float value)
    {
        byte[] data = new byte[sizeof(float) + 3];
        ScaledRow.Encode([value, -value, 1], data);
        float[] decoded = new float[3];
        ScaledRow.Decode(data, decoded);
        Assert.All(decoded, static element => Assert.True(float.IsFinite(element)));
        Assert.True(decoded[0] > 3.4e38f && decoded[1] < -3.4e38f && decoded[2] == 0);
    }
}
