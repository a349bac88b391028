using EmbedStore.Testing;

namespace EmbedStore.Tensors.Tests.Elements;

public class PermutationTests
{
    [Fact]
    public void Apply_RandomOrders_AgreesWithTheReference()
    {
        var random = new Random(TestSeed.Current);
        ElementType[] types = [ElementType.U8, ElementType.I16, ElementType.I32, ElementType.I64];
        for (int i = 0; i < 500; i++)
        {
            long[] sizes = [.. Enumerable.Range(0, random.Next(6)).Select(_ => random.Next(8) == 0 ? 0L : random.Next(1, 4))];
            int[] order = [.. Enumerable.Range(0, sizes.Length)];
            random.Shuffle(order);
            ReferenceArray source = ReferenceArray.Positions(sizes);
            ElementType type = types[random.Next(types.Length)];
            Tensor tensor = TensorValues.Of(type, TensorShape.Of(sizes), [.. source.Elements.Select(static position => (double)(position % 256))]);
            byte[] moved = new byte[tensor.Data.Length];

            Permutation.Apply(tensor.Data.Span, tensor.Shape, order, type.ByteCount(), moved);

            TensorShape shape = Permutation.Apply(tensor.Shape, order);
            ReferenceArray expected = ReferenceArray.Of([.. shape.Select(static size => (int)size)], c => source.At([.. order.Select((_, d) => c[Array.IndexOf(order, d)])]) % 256);
            Assert.True(expected.Elements.SequenceEqual(TensorValues.ToArray(new Tensor(type, shape, moved)).Elements), $"case {i}: {tensor.Shape} by {string.Join(",", order)} ({TestSeed.Hint})");
        }
    }

    [Fact]
    public void TryNormalize_NegativeDimensions_CountFromTheEnd()
    {
        int[] order = [0, -1, 1, -2];

        Assert.True(Permutation.TryNormalize(order, 4));
        Assert.Equal([0, 3, 1, 2], order);
        Assert.True(Permutation.TryNormalize([], 0));
    }

    [Theory]
    [InlineData(new[] { 0 }, 2)]
    [InlineData(new[] { 0, 1, 2 }, 2)]
    [InlineData(new[] { 0, 0 }, 2)]
    [InlineData(new[] { 1, -1 }, 2)]
    [InlineData(new[] { 0, 2 }, 2)]
    [InlineData(new[] { 0, -3 }, 2)]
    [InlineData(new[] { int.MinValue, 0 }, 2)]
    [InlineData(new[] { int.MaxValue, 0 }, 2)]
    [InlineData(new int[] { }, 1)]
    [InlineData(new[] { 0 }, 0)]
    public void TryNormalize_NoPermutation_IsFalse(int[] order, int rank) => Assert.False(Permutation.TryNormalize(order, rank));
}
