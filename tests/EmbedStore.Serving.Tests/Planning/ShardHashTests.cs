namespace EmbedStore.Serving.Tests.Planning;

public class ShardHashTests
{
    /// <summary>Computed apart from the code, once. Rows on disk were put where these numbers say.</summary>
    [Theory]
    [InlineData(0, 3, 2)]
    [InlineData(0, 4, 3)]
    [InlineData(0, 1024, 904)]
    [InlineData(1, 3, 1)]
    [InlineData(1, 4, 2)]
    [InlineData(1, 1024, 580)]
    [InlineData(2, 3, 1)]
    [InlineData(2, 4, 2)]
    [InlineData(2, 1024, 605)]
    [InlineData(-1, 3, 2)]
    [InlineData(-1, 4, 3)]
    [InlineData(-1, 1024, 915)]
    [InlineData(42, 3, 2)]
    [InlineData(42, 4, 2)]
    [InlineData(42, 1024, 759)]
    [InlineData(123456789, 3, 0)]
    [InlineData(123456789, 4, 0)]
    [InlineData(123456789, 1024, 136)]
    [InlineData(long.MaxValue, 3, 0)]
    [InlineData(long.MaxValue, 4, 0)]
    [InlineData(long.MaxValue, 1024, 169)]
    [InlineData(long.MinValue, 3, 0)]
    [InlineData(long.MinValue, 4, 1)]
    [InlineData(long.MinValue, 1024, 288)]
    public void ShardOf_KnownRows_NeverMove(long rowId, int shardCount, int shard) => Assert.Equal(shard, ShardHash.ShardOf(rowId, shardCount));

    [Fact]
    public void ShardOf_ConsecutiveAndStridedIds_AreBalanced()
    {
        const int RowsPerShard = 1000;
        for (int shardCount = 1; shardCount <= 64; shardCount++)
        {
            foreach (long stride in new[] { 1L, 64, 1L << 32 })
            {
                int[] counts = new int[shardCount];
                for (int i = 0; i < RowsPerShard * shardCount; i++)
                {
                    counts[ShardHash.ShardOf(i * stride, shardCount)]++;
                }

                // Six standard deviations of a fair split.
                Assert.All(counts, static count => Assert.InRange(count, RowsPerShard - 200, RowsPerShard + 200));
            }
        }
    }
}
