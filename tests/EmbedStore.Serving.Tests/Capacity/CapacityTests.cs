using EmbedStore.Shards;
using EmbedStore.Tensors;

namespace EmbedStore.Serving.Tests.Capacity;

/// <summary>An open vocabulary keeps as many rows as it may have, and the right ones.</summary>
public sealed class CapacityTests
{
    private const int IdCount = 120;
    private static readonly long[] All = [.. Enumerable.Range(0, IdCount).Select(static i => i * 7_919L)];

    [Theory]
    [InlineData(1, 1, "lru")]
    [InlineData(2, 5, "lru")]
    [InlineData(3, 1, "lfu")]
    [InlineData(4, 5, "lfu")]
    [InlineData(5, 3, "lfu")]
    public async Task Updates_RandomReadsAndWrites_EvictWhatTheModelEvicts(int seed, int shards, string policy)
    {
        const int RowCountMax = 25;
        var random = new Random(seed);
        var model = new CapacityModel(RowCountMax, policy == "lfu");
        await using OpenTable table = await OpenTable.CreateAsync(Spec(RowCountMax, policy, shards));
        for (int step = 0; step < 250; step++)
        {
            // Low ids come more often, and now and then an update is larger than the table.
            long[] ids = [.. Enumerable.Range(0, random.Next(12) == 0 ? 60 : random.Next(1, 8)).Select(_ => All[(int)(random.NextDouble() * random.NextDouble() * IdCount)])];
            switch (random.Next(8))
            {
                case 0:
                    await table.EraseAsync(ids);
                    model.Erase(ids);
                    break;
                case < 4:
                    await table.GatherAsync(ids);
                    model.Read(ids);
                    break;
                default:
                    await table.PutAsync(ids);
                    model.Write(ids);
                    break;
            }

            RowStatus[] statuses = await table.StatusesAsync(All);
            int wrong = Array.FindIndex(All, id => model.StatusOf(id) != statuses[Array.IndexOf(All, id)]);
            Assert.True(wrong < 0, wrong < 0 ? "" : $"seed {seed}, step {step}: id {All[wrong]} is {statuses[wrong]}, not {model.StatusOf(All[wrong])}");
            Assert.Equal(model.RowCount, table.Table.RowCount);
        }

        RowStatus[] before = await table.StatusesAsync(All);
        Assert.Contains(RowStatus.Evicted, before);
        await table.ReopenAsync();
        Assert.Equal(before, await table.StatusesAsync(All));
    }

    [Fact]
    public async Task Updates_AfterARestart_EvictByTheLastWrites()
    {
        await using OpenTable table = await OpenTable.CreateAsync(Spec(4, "lru", 3));
        await table.PutAsync(1);
        await table.PutAsync(2);
        await table.PutAsync(3);
        await table.PutAsync(1);
        await table.ReopenAsync();
        await table.GatherAsync(2);
        await table.PutAsync(4, 5);
        Assert.Equal([RowStatus.Found, RowStatus.Found, RowStatus.Evicted, RowStatus.Found, RowStatus.Found], await table.StatusesAsync(1, 2, 3, 4, 5));
        await table.PutAsync(6);
        Assert.Equal([RowStatus.Evicted, RowStatus.Found], await table.StatusesAsync(1, 2));
    }

    [Fact]
    public async Task Update_OfMoreRowsThanThereIsRoomFor_LeavesItsLastOnes()
    {
        await using OpenTable table = await OpenTable.CreateAsync(Spec(3, "lfu", 2));
        await table.PutAsync(100);
        await table.GatherAsync(100, 100, 100);

        UpdateAnswer answer = await table.PutAsync(1, 2, 3, 4, 5, 2);

        Assert.Equal(6, answer.RowCount);
        long[] exported = await table.ExportedIdsAsync();
        Assert.Equal([2L, 4, 5], exported);
    }

    [Fact]
    public async Task Update_OfALargeTable_EvictsAThousandthMoreThanItMust()
    {
        const int RowCountMax = 4096;
        await using OpenTable table = await OpenTable.CreateAsync(Spec(RowCountMax, "lru", 3));
        await table.PutAsync([.. Enumerable.Range(0, RowCountMax).Select(static i => (long)i)]);
        Assert.Equal(RowCountMax, table.Table.RowCount);

        await table.PutAsync(-1);

        Assert.Equal(RowCountMax - 4, table.Table.RowCount);
        Assert.Equal([.. Enumerable.Repeat(RowStatus.Evicted, 5), RowStatus.Found, RowStatus.Found], await table.StatusesAsync(0, 1, 2, 3, 4, 5, -1));
    }

    [Fact]
    public async Task Export_OfATableWithACapacity_IsNoUse()
    {
        await using OpenTable table = await OpenTable.CreateAsync(Spec(2, "lru", 1));
        await table.PutAsync(1);
        await table.PutAsync(2);
        TableExport export = await table.Lookups.ExportAsync(table.Table, null, default);
        await export.ReadAsync(0, 1, new byte[4], CancellationToken.None);

        await table.PutAsync(3);

        long[] exported = await table.ExportedIdsAsync();
        Assert.Equal([2L, 3], exported);
    }

    [Fact]
    public async Task Reads_OfRowsThatAreGone_TreatThemAsNeverWritten()
    {
        await using OpenTable table = await OpenTable.CreateAsync(
            """{"shape": ["*", 1], "shards": 2, "capacity": {"rows": 2}, "admission": {"min_count": 2}, "ttl": 10, "initializer": {"kind": "constant", "value": 9}}""");
        for (int i = 0; i < 2; i++)
        {
            await table.PutAsync(1, 2, 3);
        }

        await table.PutAsync(4);
        await table.EraseAsync(3);
        (float[] rows, RowStatus[] statuses) = await table.GatherAsync(1, 2, 3, 4, 5);
        Assert.Equal([9f, 2, 9, 9, 9], rows);
        Assert.Equal([RowStatus.Evicted, RowStatus.Found, RowStatus.Erased, RowStatus.NotAdmitted, RowStatus.NeverWritten], statuses);

        table.Advance(TimeSpan.FromSeconds(11));
        (rows, statuses) = await table.GatherAsync(2);
        Assert.Equal((9f, RowStatus.Expired), (rows[0], statuses[0]));
        long[] exported = await table.ExportedIdsAsync();
        Assert.Empty(exported);
        foreach (long id in (long[])[1, 2, 3, 4, 5])
        {
            Lookup strict = table.Lookups.Prepare(table.Table, new LookupRequest { Subscript = SubscriptParser.Parse($"[{id}]"), Tensors = new Dictionary<string, Tensor>(), Missing = MissingPolicy.Error });
            var refusal = await Assert.ThrowsAsync<EmbedStoreException>(async () => await strict.ReadAsync(0, 1, new byte[4], CancellationToken.None));
            Assert.Equal((ErrorCode.RowNotFound, id), (refusal.Code, refusal["id"]));
        }

        BagAnswer bag = await table.Lookups.PoolAsync(
            table.Table, new BagRequest { Tensors = TestTables.Named(("ids", Tensor.Of(TensorShape.Of(1, 5), 1L, 2L, 3L, 4L, 5L))), Mode = PoolingMode.Sum }, new RequestMemory(), CancellationToken.None);
        Assert.Equal([45.0], Testing.TensorValues.ToDoubles(bag.Rows));
    }

    [Fact]
    public async Task Update_SentAgainByItsWriter_NeitherCountsTowardsAdmissionNorEvicts()
    {
        await using OpenTable table = await OpenTable.CreateAsync("""{"shape": ["*", 1], "shards": 2, "capacity": {"rows": 2}, "admission": {"min_count": 2}}""");
        var claim = new WriterClaim("trainer", 0, 1);
        for (int i = 0; i < 3; i++)
        {
            UpdateAnswer answer = await table.WriteAsync(RowWriteKind.Assign, [1], [1], claim);
            Assert.Equal(i > 0, answer.IsDuplicate);
        }

        Assert.Equal([RowStatus.NotAdmitted], await table.StatusesAsync(1));
        await table.WriteAsync(RowWriteKind.Assign, [1], [1], claim with { Sequence = 2 });
        Assert.Equal([RowStatus.Found], await table.StatusesAsync(1));
    }

    /// <summary>Rows of one writer each, so that a row is either evicted or exactly what its writer wrote last.</summary>
    [Theory]
    [InlineData("lru")]
    [InlineData("lfu")]
    public async Task Updates_SideBySide_LoseNothingButWhatIsEvicted(string policy)
    {
        const int Writers = 4, RowCountMax = 60, IdsPerWriter = 100, Rounds = 150;
        await using OpenTable table = await OpenTable.CreateAsync(Spec(RowCountMax, policy, 3));
        var last = new float[Writers][];
        using var stop = new CancellationTokenSource();
        Task reader = Task.Run(async () =>
        {
            var random = new Random(9);
            while (!stop.IsCancellationRequested)
            {
                await table.GatherAsync([.. Enumerable.Range(0, 20).Select(_ => (long)random.Next(Writers * IdsPerWriter))]);
            }
        });
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(async () =>
        {
            var random = new Random(writer);
            last[writer] = new float[IdsPerWriter];
            for (int round = 1; round <= Rounds; round++)
            {
                int[] slots = [.. Enumerable.Range(0, 10).Select(_ => random.Next(IdsPerWriter)).Distinct()];
                await table.WriteAsync(RowWriteKind.Assign, [.. slots.Select(slot => (long)((writer * IdsPerWriter) + slot))], [.. slots.Select(_ => (float)round)]);
                Array.ForEach(slots, slot => last[writer][slot] = round);

                // Others may have written since; each of them has at most one update under way.
                Assert.InRange(table.Table.RowCount, 1, RowCountMax + (Writers * 10));
            }
        })));
        await stop.CancelAsync();
        await reader;

        Assert.InRange(table.Table.RowCount, 1, RowCountMax);
        await RequireAsync();
        await table.ReopenAsync();
        await RequireAsync();

        async Task RequireAsync()
        {
            (float[] rows, RowStatus[] statuses) = await table.GatherAsync([.. Enumerable.Range(0, Writers * IdsPerWriter).Select(static i => (long)i)]);
            for (int i = 0; i < rows.Length; i++)
            {
                float expected = last[i / IdsPerWriter][i % IdsPerWriter];
                Assert.True(statuses[i] == RowStatus.Found ? rows[i] == expected : statuses[i] == (expected == 0 ? RowStatus.NeverWritten : RowStatus.Evicted), $"row {i}: {statuses[i]} {rows[i]}, written {expected}");
            }

            Assert.Equal(statuses.Count(static status => status == RowStatus.Found), table.Table.RowCount);
        }
    }

    [Theory]
    [InlineData(2)]
    [InlineData(5)]
    public async Task RestoreAsync_OpenVocabulary_BringsBackWhyRowsAreGoneAndWhatWasCounted(int shards)
    {
        await using OpenTable table = await OpenTable.CreateAsync(
            """{"shape": ["*", 1], "shards": 2, "capacity": {"rows": 3}, "admission": {"min_count": 2}, "ttl": 100}""");
        await table.PutAsync(1, 2, 3, 4, 5);
        await table.PutAsync(1, 2, 3, 4);
        await table.EraseAsync(4);
        RowStatus[] before = await table.StatusesAsync(1, 2, 3, 4, 5, 6);
        Assert.Equal([RowStatus.Evicted, RowStatus.Found, RowStatus.Found, RowStatus.Erased, RowStatus.NotAdmitted, RowStatus.NeverWritten], before);
        long snapshot = await table.SnapshotAsync();
        await table.PutAsync(1, 5, 6);
        await table.PutAsync(1, 5, 6);

        await table.RestoreAsync(snapshot, shards);

        Assert.Equal(before, await table.StatusesAsync(1, 2, 3, 4, 5, 6));
        await table.PutAsync(1, 5);
        Assert.Equal([RowStatus.NotAdmitted, RowStatus.Found], await table.StatusesAsync(1, 5));
        await table.PutAsync(1);
        Assert.Equal(3, table.Table.RowCount);
    }

    [Fact]
    public async Task Table_OfFixedSizeWithATimeToLive_IsNotResidentAndExpires()
    {
        await using OpenTable table = await OpenTable.CreateAsync("""{"shape": [10, 1], "ttl": 0.5}""");
        await table.PutAsync(1, 2);
        table.Advance(TimeSpan.FromMilliseconds(500));
        await table.PutAsync(2);
        table.Advance(TimeSpan.FromMilliseconds(1));

        (float[] rows, RowStatus[] statuses) = await table.GatherAsync(1, 2, 3);

        Assert.Equal([0f, 2, 0], rows);
        Assert.Equal([RowStatus.Expired, RowStatus.Found, RowStatus.NeverWritten], statuses);
        Assert.Null(table.Table.Resident);
    }

    private static string Spec(int rows, string policy, int shards) =>
        $$"""{"shape": ["*", 1], "capacity": {"rows": {{rows}}, "evict": "{{policy}}"}, "shards": {{shards}}, "durability": "none"}""";
}
