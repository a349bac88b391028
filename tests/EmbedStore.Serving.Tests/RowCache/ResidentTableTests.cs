using EmbedStore.Shards;
using EmbedStore.Tensors;
using static EmbedStore.Serving.Tests.ServedTable;

namespace EmbedStore.Serving.Tests;

/// <summary>A resident table reads as its shards do, whatever happened to it.</summary>
public sealed class ResidentTableTests
{
    private const int RowCount = 500;

    [Theory]
    [InlineData(201)]
    [InlineData(202)]
    [InlineData(203)]
    public async Task Read_RandomWritesAndReopenings_AgreesWithTheShards(int seed)
    {
        var random = new Random(seed);
        await using ServedTable served = await OpenAsync(Spec(RowCount));
        long[] all = [.. Enumerable.Range(0, RowCount)];
        await served.AssignAsync([0], 1, 1, 1, 1);
        for (int step = 0; step < 120; step++)
        {
            long[] ids = [.. Enumerable.Range(0, random.Next(1, 60)).Select(_ => (long)random.Next(RowCount))];
            float[] values = [.. Enumerable.Range(0, ids.Length * 4).Select(_ => (float)random.Next(100))];
            await (random.Next(8) switch
            {
                0 => served.ReopenAsync(),
                1 => served.EraseAsync(ids),
                < 5 => served.AssignAsync(ids, values),
                _ => served.AccumulateAsync(ids, values),
            });
            await AssertAgreesAsync(served, ids, $"seed {seed}, step {step}");
        }

        await AssertAgreesAsync(served, all, $"seed {seed}, end");
    }

    [Fact]
    public async Task Read_WrittenErasedAndUntouchedRows_SaysWhichAndSinceWhen()
    {
        await using ServedTable served = await OpenAsync(Spec(10));
        long written = (await served.AssignAsync([1, 2], 1, 2, 3, 4, 5, 6, 7, 8)).Version;
        long erased = (await served.EraseAsync(2)).Version;

        ReadRows read = served.ReadCache(2, 1, 9, 1);

        Assert.Equal([RowStatus.Erased, RowStatus.Found, RowStatus.NeverWritten, RowStatus.Found], read.Statuses);
        Assert.Equal(erased, read.Versions[0]);
        Assert.InRange(read.Versions[1], 1, written);
        Assert.Equal((0, read.Versions[1]), (read.Versions[2], read.Versions[3]));
        Assert.Equal([float.NaN, float.NaN, float.NaN, float.NaN, 1, 2, 3, 4, float.NaN, float.NaN, float.NaN, float.NaN, 1, 2, 3, 4], read.Elements);
    }

    [Fact]
    public async Task LookUp_MissingRows_ReadAsTheTableSays()
    {
        await using ServedTable served = await OpenAsync(Spec(10) with { Missing = MissingPolicy.Initialize, Initializer = new InitializerSpec("constant", Value: 7) });
        await served.AssignAsync([1, 2], 1, 1, 1, 1, 2, 2, 2, 2);
        await served.EraseAsync(2);

        Assert.Equal((float[])[7, 7, 7, 7, 1, 1, 1, 1, 7, 7, 7, 7], await served.LookUpAsync(0, 1, 2));
    }

    [Fact]
    public async Task LookUp_OptimizerStateBehindTheElements_IsNotSeen()
    {
        await using ServedTable served = await OpenAsync(Spec(10) with { Optimizer = new OptimizerSpec("adagrad", OptimizerSpec.ParametersOf("adagrad").ToDictionary(static p => p.Name, static p => p.Default)) });
        await served.AssignAsync([1], 1, 2, 3, 4);
        await served.AccumulateAsync([1], 1, 1, 1, 1);

        Assert.Equal((float[])[2, 3, 4, 5], await served.LookUpAsync(1));
        await AssertAgreesAsync(served, [1], "state");
    }

    [Fact]
    public async Task Reopen_EveryRowWritten_FillsTheSlabFromTheLogs()
    {
        long[] all = [.. Enumerable.Range(0, RowCount)];
        await using ServedTable served = await OpenAsync(Spec(RowCount));
        await served.AssignAsync(all, [.. all.SelectMany(id => new[] { (float)id, id, id, id })]);
        ReadRows before = served.ReadCache(all);

        await served.ReopenAsync();

        ReadRows after = served.ReadCache(all);
        Assert.Equal(before.Elements, after.Elements);
        Assert.Equal(before.Versions, after.Versions);
    }

    /// <summary>A slot of 4 floats takes 24 bytes, and at most half of the memory goes to them.</summary>
    [Theory]
    [InlineData(48_000, true)]
    [InlineData(47_999, false)]
    public async Task Resident_AtTheEdgeOfItsMemory_IsWhollyThereOrNotAtAll(long memoryByteCount, bool isResident)
    {
        await using ServedTable served = await OpenAsync(Spec(1000), memoryByteCount);
        Assert.Null(served.Table.Resident);

        await served.AssignAsync([999], 1, 2, 3, 4);

        Assert.Equal(isResident ? 24_000 : null, served.Table.Resident?.ByteCount);
        Assert.Equal((float[])[1, 2, 3, 4], await served.LookUpAsync(999));
    }

    [Fact]
    public async Task Resident_OpenVocabulary_IsNot()
    {
        await using ServedTable served = await OpenAsync(Spec(1) with { Sizes = [null, 4] });
        await served.AssignAsync([long.MinValue], 1, 2, 3, 4);

        Assert.Null(served.Table.Resident);
        Assert.Equal((float[])[1, 2, 3, 4], await served.LookUpAsync(long.MinValue));
    }

    [Fact]
    public async Task Drop_WhileALeaseIsHeld_KeepsTheRowsUntilItEnds()
    {
        await using ServedTable served = await OpenAsync(Spec(10));
        await served.AssignAsync([1], 1, 2, 3, 4);
        ResidentRows rows = served.Table.Resident!;

        Task dropped = served.Catalog.DropAsync("t", CancellationToken.None);
        Assert.Equal([1, 2, 3, 4], served.ReadCache(1).Elements);
        Assert.False(dropped.IsCompleted);
        served.EndLease();
        await dropped;

        Assert.Throws<ObjectDisposedException>(() => rows.Read([1], ReadRows.Of(served.Table, [1]).Block));
    }

    [Fact]
    public async Task LookUp_OneShardIsDamaged_RefusesItsRowsAndServesTheOthers()
    {
        long[] all = [.. Enumerable.Range(0, RowCount)];

        // Only a flush proves that a bad byte before it is damage and no unfinished end.
        await using ServedTable served = await OpenAsync(Spec(RowCount) with { Durability = Durability.Commit });
        for (int i = 0; i < 3; i++)
        {
            await served.AssignAsync(all, new float[RowCount * 4]);
        }

        await served.CloseAsync();
        Damage(served.LogFiles().Single(static path => path.Contains("shard-0001", StringComparison.Ordinal)));
        await served.ReopenAfterCloseAsync();

        var error = await Assert.ThrowsAsync<EmbedStoreException>(() => served.LookUpAsync(RowOf(1)));
        Assert.Equal(ErrorCode.ShardUnavailable, error.Code);
        Assert.Equal((float[])[0, 0, 0, 0], await served.LookUpAsync(RowOf(2)));
    }

    private static long RowOf(int shard) => Enumerable.Range(0, RowCount).First(id => ShardHash.ShardOf(id, 3) == shard);

    private static void Damage(string path)
    {
        byte[] bytes = File.ReadAllBytes(path);
        bytes[bytes.Length / 2] ^= 1;
        File.WriteAllBytes(path, bytes);
    }

    private static async Task AssertAgreesAsync(ServedTable served, long[] ids, string where)
    {
        ReadRows cached = served.ReadCache(ids);
        ReadRows stored = await served.ReadShardsAsync(ids);
        Assert.True(cached.Statuses.SequenceEqual(stored.Statuses), where);
        Assert.True(cached.Versions.SequenceEqual(stored.Versions), where);
        Assert.True(cached.Data.SequenceEqual(stored.Data), where);
    }
}
