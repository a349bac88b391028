using static EmbedStore.Shards.Tests.Shards;

namespace EmbedStore.Shards.Tests;

/// <summary>Random writes, erases, reads, reopenings and power cuts against a dictionary.</summary>
public sealed class ModelTests
{
    private const int RowCount = 3000;
    private const int WholeTable = 1 << 18;

    /// <summary>So little that scratch is compacted all the time.</summary>
    private const int PartOfTable = 1 << 15;

    [Theory]
    [InlineData(101, WholeTable)]
    [InlineData(102, WholeTable)]
    [InlineData(103, WholeTable)]
    [InlineData(104, WholeTable)]
    [InlineData(105, PartOfTable)]
    [InlineData(106, PartOfTable)]
    public async Task Shard_RandomOperations_DoWhatADictionaryDoes(int seed, int memoryByteCount)
    {
        var random = new Random(seed);
        var disk = new FaultyDisk();
        var model = new Dictionary<long, float[]>();
        Shard shard = await OpenAsync(disk, memoryByteCount);
        long snapshots = 0;
        for (int step = 0; step < 300; step++)
        {
            long[] ids = [.. Enumerable.Range(0, random.Next(1, 300)).Select(_ => (long)random.Next(RowCount) * 1_000_003)];
            switch (random.Next(20))
            {
                case 0:
                    await shard.DisposeAsync();
                    shard = await OpenAsync(disk, memoryByteCount);
                    break;
                case 1:
                    FaultyDisk after = disk.AfterPowerCut();
                    await shard.DisposeAsync();
                    shard = await OpenAsync(disk = after, memoryByteCount);
                    break;
                case 2:
                    await shard.SnapshotAmidAsync(++snapshots, () => WriteBoth(shard, model, random, ids));
                    break;
                case < 6:
                    await shard.WriteAsync(Erase(ids));
                    Array.ForEach(ids, id => model.Remove(id));
                    break;
                case < 15:
                    await WriteBoth(shard, model, random, ids);
                    break;
                default:
                    AssertSame(shard, model, ids, $"seed {seed}, step {step}");
                    break;
            }
        }

        AssertSame(shard, model, [.. Enumerable.Range(0, RowCount).Select(i => i * 1_000_003L)], $"seed {seed}, end");
        Assert.Equal(model.Count, shard.RowCount);
        Assert.Equal(model.Keys.Order(), shard.RowIds().Order());
        await shard.DisposeAsync();
    }

    private static async Task WriteBoth(Shard shard, Dictionary<long, float[]> model, Random random, long[] ids)
    {
        bool accumulate = random.Next(2) == 0;
        float[] values = [.. Enumerable.Range(0, ids.Length * Width).Select(_ => (float)random.Next(100))];
        WriteReceipt receipt = await shard.WriteAsync(accumulate ? Accumulate(ids, values) : Assign(ids, values));
        Assert.Equal((WriteOutcome.Committed, (long)ids.Distinct().Count()), (receipt.Outcome, receipt.RowCount));
        for (int i = 0; i < ids.Length; i++)
        {
            if (!model.TryGetValue(ids[i], out float[]? row))
            {
                model[ids[i]] = row = [7, 7, 7, 7];
            }

            for (int column = 0; column < Width; column++)
            {
                row[column] = values[(i * Width) + column] + (accumulate ? row[column] : 0);
            }
        }
    }

    private static void AssertSame(Shard shard, Dictionary<long, float[]> model, long[] ids, string where)
    {
        float[] expected = [.. ids.SelectMany(id => model.GetValueOrDefault(id) ?? [float.NaN, float.NaN, float.NaN, float.NaN])];
        Assert.True(expected.AsSpan().SequenceEqual(shard.Read(ids)), where);
    }

    private static Task<Shard> OpenAsync(FaultyDisk disk, int memoryByteCount) => Shards.OpenAsync(
        Options(disk, segmentByteCountMax: 200_000, memoryByteCount: memoryByteCount), new RowFormat(Tensors.ElementType.F32, Width, initializer: RowInitializer.Constant(7)));
}
