using EmbedStore.Testing;

namespace EmbedStore.Tensors.Tests.Elements;

public class BroadcastingTests
{
    private static readonly int[] Sizes = [0, 1, 2, 3];

    /// <summary>Every shape of rank up to 3 over every one up to rank 4 whose sizes are 0 to 3, thinned to keep the run short.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Expand_EveryPairOfSmallShapes_AgreesWithTheReference(bool dropLeadingOnes)
    {
        int[][] shapes = [.. Enumerable.Range(0, 5).SelectMany(ShapesOf)];
        int fitting = 0;
        for (int i = 0; i < shapes.Length; i++)
        {
            // Of rank 4 every third shape; 3 and 4 have no common divisor, so all sizes occur in all places.
            foreach (int[] target in shapes.Where((shape, j) => shape.Length < 4 || (i + j) % 3 == 0))
            {
                fitting += Check(shapes[i], target, dropLeadingOnes) ? 1 : 0;
            }
        }

        Assert.InRange(fitting, 1000, int.MaxValue);
    }

    [Fact]
    public void Expand_Values_DropsLeadingOnesOnlyWhenAsked()
    {
        Tensor values = Tensor.Of(TensorShape.Of(1, 1, 3), 1L, 2, 3);

        Assert.Equal(TensorShape.Of(2, 3), Broadcasting.Expand(values, TensorShape.Of(2, 3), dropLeadingOnes: true).Shape);
        var error = Assert.Throws<EmbedStoreException>(() => Broadcasting.Expand(values, TensorShape.Of(2, 3), dropLeadingOnes: false));
        Assert.Equal((ErrorCode.ShapeMismatch, TensorShape.Of(2, 3), TensorShape.Of(1, 1, 3)), (error.Code, error["expected"], error["actual"]));
    }

    [Fact]
    public void Expand_SameShape_CopiesNothing()
    {
        Tensor values = Tensor.Of(TensorShape.Of(3), 1L, 2, 3);

        Assert.True(Broadcasting.Expand(values, TensorShape.Of(3), dropLeadingOnes: false).Data.Span == values.Data.Span);
    }

    private static bool Check(int[] shape, int[] target, bool dropLeadingOnes)
    {
        var sourceShape = TensorShape.Of(Longs(shape));
        Tensor source = TensorValues.Of(ElementType.I16, sourceShape, [.. Enumerable.Range(0, (int)sourceShape.ElementCount).Select(static i => (double)i)]);
        long[]? expected = ReferenceSubscript.Stretch(shape, target, dropLeadingOnes);
        if (expected is null)
        {
            Assert.Throws<EmbedStoreException>(() => Broadcasting.Expand(source, TensorShape.Of(Longs(target)), dropLeadingOnes));
            return false;
        }

        Tensor actual = Broadcasting.Expand(source, TensorShape.Of(Longs(target)), dropLeadingOnes);
        Assert.True(TensorValues.ToArray(actual).Elements.SequenceEqual(expected), $"{sourceShape} over [{string.Join(", ", target)}]");
        return true;
    }

    private static IEnumerable<int[]> ShapesOf(int rank) =>
        rank == 0 ? [[]] : ShapesOf(rank - 1).SelectMany(outer => Sizes.Select(size => (int[])[.. outer, size]));

    private static long[] Longs(int[] shape) => [.. shape.Select(static size => (long)size)];
}
