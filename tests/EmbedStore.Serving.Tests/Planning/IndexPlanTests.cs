using EmbedStore.Testing;

namespace EmbedStore.Serving.Tests.Planning;

public class IndexPlanTests
{
    [Fact]
    public void Of_RandomBatches_SplitsByShardInOrderAndKnowsTheWayBack()
    {
        var random = new Random(TestSeed.Current);
        for (int i = 0; i < 300; i++)
        {
            int shardCount = random.Next(1, 7);
            long[] rowIds = [.. Enumerable.Range(0, random.Next(50)).Select(_ => (long)random.Next(-20, 20))];
            int[] missed = [.. Enumerable.Range(0, rowIds.Length).Where(_ => random.Next(2) == 0)];
            bool all = random.Next(2) == 0 || missed.Length == 0;

            using IndexPlan plan = IndexPlan.Of(rowIds, all ? RowMisses.All : RowMisses.Of(missed, missed.Length, clock: 0), shardCount);

            Assert.Equal(shardCount, plan.ShardCount);
            for (int shard = 0; shard < shardCount; shard++)
            {
                int[] expected = [.. (all ? Enumerable.Range(0, rowIds.Length) : missed).Where(position => ShardHash.ShardOf(rowIds[position], shardCount) == shard)];
                Assert.Equal(expected.Select(position => rowIds[position]), plan.RowIdsOf(shard).ToArray());
                Assert.Equal(shardCount == 1 && all ? [] : expected, plan.PositionsOf(shard).ToArray());
            }
        }
    }
}
