namespace EmbedStore.Tensors.Tests;

public class TensorShapeTests
{
    [Theory]
    [InlineData(new long[] { -1 })]
    [InlineData(new long[] { 1L << 32, 1L << 31 })]
    [InlineData(new long[] { 0, 1L << 62, 4 })]
    [InlineData(new long[] { 1L << 62, 4, 0 })]
    [InlineData(new long[] { long.MaxValue, 2 })]
    public void TryCreate_NegativeOrBeyond64Bits_IsFalse(long[] sizes)
    {
        Assert.False(TensorShape.TryCreate(sizes, out TensorShape? shape));
        Assert.Null(shape);
        Assert.Throws<ArgumentException>(() => TensorShape.Of(sizes));
    }

    [Theory]
    [InlineData(new long[] { }, 1)]
    [InlineData(new long[] { long.MaxValue }, long.MaxValue)]
    [InlineData(new long[] { 0, 1L << 40 }, 0)]
    [InlineData(new long[] { 2, 3, 4 }, 24)]
    public void TryCreate_Fits_CountsElements(long[] sizes, long count) => Assert.Equal(count, TensorShape.Of(sizes).ElementCount);

    [Fact]
    public void Strides_AreRowMajorAndSkipEmptyDimensions()
    {
        Assert.Equal([12L, 4L, 1L], TensorShape.Of(2, 3, 4).Strides());
        Assert.Equal([4L, 4L, 1L], TensorShape.Of(2, 0, 4).Strides());
        Assert.Empty(TensorShape.Scalar.Strides());
    }

    [Fact]
    public void CoordinatesOf_EveryPosition_CountsThemUp()
    {
        var shape = TensorShape.Of(2, 3, 4);
        long[] strides = shape.Strides();
        for (long position = 0; position < shape.ElementCount; position++)
        {
            Assert.Equal(position, shape.CoordinatesOf(position).Zip(strides, static (coordinate, stride) => coordinate * stride).Sum());
        }
    }

    [Fact]
    public void Equals_SameSizes_AreEqual()
    {
        Assert.Equal(TensorShape.Of(2, 3), TensorShape.Of(2, 3));
        Assert.Equal(TensorShape.Of(2, 3).GetHashCode(), TensorShape.Of(2, 3).GetHashCode());
        Assert.NotEqual(TensorShape.Of(2, 3), TensorShape.Of(3, 2));
        Assert.NotEqual(TensorShape.Of(0, 3), TensorShape.Of(0, 2));
        Assert.Equal("[2, 3]", TensorShape.Of(2, 3).ToString());
    }
}
