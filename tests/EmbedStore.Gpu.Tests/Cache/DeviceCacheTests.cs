using EmbedStore.Shards;
using EmbedStore.Tensors;
using EmbedStore.Testing;

namespace EmbedStore.Gpu.Tests;

/// <summary>Two tiers read as the shards do, whatever is written, evicted, or fails.</summary>
[Collection(DeviceTests.Name)]
public sealed class DeviceCacheTests
{
    [Theory]
    [InlineData(500, 1L << 26)]
    [InlineData(null, 1L << 24)]
    public async Task Read_RandomWritesErasuresAndFlushes_AgreesWithTheShards(int? rowCount, long memoryByteCount)
    {
        // A table without an end has 120 slots on the device for 400 rows: they come and go.
        GpuOptions options = ServedDevice.Options with { MemoryBytes = rowCount is null ? 2 << 20 : 64 << 20 };
        var random = new Random(TestSeed.Current + (rowCount ?? 0));
        await using ServedDevice served = await ServedDevice.OpenAsync(ServedDevice.Spec(rowCount, rowCount is null ? 2048 : 4), memoryByteCount, options);
        int width = served.Table.Rows.Width;
        await served.AssignAsync([0], new float[width]);
        int hits = 0;
        for (int step = 0; step < 250; step++)
        {
            long[] ids = [.. Enumerable.Range(0, random.Next(1, 40)).Select(_ => (long)Math.Pow(random.NextDouble() * 20, 2))];
            float[] values = [.. Enumerable.Range(0, ids.Length * width).Select(_ => (float)random.Next(100))];
            await (random.Next(20) switch
            {
                0 => served.EraseAsync(ids),
                < 4 => served.AssignAsync(ids, values),
                < 6 => served.WriteAsync(RowWriteKind.Accumulate, ids, values),
                _ => Task.CompletedTask,
            });
            if (random.Next(3) == 0)
            {
                served.Fill();
            }

            hits += ids.Count(id => served.Rows.Directory.Find(id, out _) >= 0);
            float[] expected = await served.LookUpAsync(served.Plain, ids);
            float[] actual = await served.LookUpAsync(ids);
            Assert.True(expected.AsSpan().SequenceEqual(actual), $"step {step}, {TestSeed.Hint}");
        }

        Assert.True(served.Tier.Device!.IsOn);
        Assert.True(hits > 500, $"{hits} hits");
    }

    /// <summary>Rows of one repeated number that rises, so that half a row, another row and an old row show.</summary>
    [Theory]
    [InlineData(60)]
    [InlineData(null)]
    public async Task Read_BesideAWriterAndItsFlushes_GivesWholeRowsThatNeverGoBack(int? rowCount)
    {
        const int Width = 8;
        const int Rounds = 300;
        await using ServedDevice served = await ServedDevice.OpenAsync(ServedDevice.Spec(rowCount, Width), options: ServedDevice.Options with { StreamCount = 3 }, sends: true);
        long[] ids = [.. Enumerable.Range(0, 60)];
        int acknowledged = 0;
        await served.AssignAsync(ids, [.. Enumerable.Repeat(0f, 60 * Width)]);
        Task writer = Task.Run(async () =>
        {
            for (int round = 1; round <= Rounds; round++)
            {
                await served.AssignAsync(ids, [.. Enumerable.Repeat((float)round, 60 * Width)]);
                Volatile.Write(ref acknowledged, round);
            }
        });
        Task[] readers = [.. Enumerable.Range(0, 3).Select(_ => Task.Run(async () =>
        {
            float[] seen = new float[60];
            while (!writer.IsCompleted)
            {
                int before = Volatile.Read(ref acknowledged);
                float[] rows = await served.LookUpAsync(ids);
                for (int row = 0; row < 60; row++)
                {
                    Assert.Equal(-1, rows.AsSpan(row * Width, Width).IndexOfAnyExcept(rows[row * Width]));
                    Assert.True(rows[row * Width] >= before && rows[row * Width] >= seen[row], "A row went back.");
                    seen[row] = rows[row * Width];
                }
            }
        }))];
        await writer;
        await Task.WhenAll(readers);
        Assert.True(served.Tier.Device!.IsOn);
    }

    [Theory]
    [InlineData(nameof(DeviceStep.Upload))]
    [InlineData(nameof(DeviceStep.Launch))]
    [InlineData(nameof(DeviceStep.Download))]
    [InlineData(nameof(DeviceStep.Wait))]
    public async Task Read_DeviceFailsAtAnyStep_IsServedWithoutIt(string failing)
    {
        for (int skip = 0; skip < 4; skip++)
        {
            await using ServedDevice served = await ServedDevice.OpenAsync(ServedDevice.Spec(3000, 16));
            long[] ids = [.. Enumerable.Range(0, 3000)];
            await served.AssignAsync(ids, [.. ids.SelectMany(static id => Enumerable.Repeat((float)id, 16))]);
            served.Fill();
            Assert.True(served.Rows.IsComplete);
            int left = skip;
            served.Tier.Device!.Fault = step =>
            {
                if (step.ToString() == failing && left-- <= 0)
                {
                    throw new DeviceFaultException("The test says so.");
                }
            };

            Assert.Equal(await served.LookUpAsync(served.Plain, ids), await served.LookUpAsync(ids));
            Assert.False(served.Tier.Device.IsOn);
            await served.AssignAsync([5], [.. Enumerable.Repeat(-1f, 16)]);
            Assert.Equal(await served.LookUpAsync(served.Plain, ids), await served.LookUpAsync(ids));
        }
    }

    [Fact]
    public async Task Flush_DeviceFailsWhileRowsTravel_LeavesThemToTheProcessor()
    {
        await using ServedDevice served = await ServedDevice.OpenAsync(ServedDevice.Spec(100, 16));
        await served.AssignAsync([1, 2], [.. Enumerable.Repeat(3f, 32)]);
        served.Tier.Device!.Fault = static step =>
        {
            if (step == DeviceStep.Wait)
            {
                throw new DeviceFaultException("The test says so.");
            }
        };

        served.Tier.Flush(served.Rows);

        Assert.False(served.Tier.Device.IsOn);
        Assert.Equal(await served.LookUpAsync(served.Plain, [1, 2]), await served.LookUpAsync(1, 2));
    }

    [Fact]
    public async Task Forget_RowsOfAShard_AreReadFromBelowUntilTheyAreBack()
    {
        await using ServedDevice served = await ServedDevice.OpenAsync(ServedDevice.Spec(100, 16));
        long[] ids = [.. Enumerable.Range(0, 100)];
        await served.AssignAsync(ids, [.. ids.SelectMany(static id => Enumerable.Repeat((float)id, 16))]);
        served.Fill();

        served.Table.Tier!.Forget(static id => id % 2 == 0);

        Assert.Equal(50, served.Rows.Directory.ValidCount);
        Assert.Equal(await served.LookUpAsync(served.Plain, ids), await served.LookUpAsync(ids));
        served.Fill();
        Assert.True(served.Rows.IsComplete);
        Assert.Equal(await served.LookUpAsync(served.Plain, ids), await served.LookUpAsync(ids));
    }

    [Fact]
    public async Task LookUp_OtherTypes_AreConvertedOnTheDevice()
    {
        await using ServedDevice served = await ServedDevice.OpenAsync(ServedDevice.Spec(300, 20));
        var random = new Random(TestSeed.Current);
        long[] ids = [.. Enumerable.Range(0, 300)];
        await served.AssignAsync(ids, [.. Enumerable.Range(0, 300 * 20).Select(_ => (float)random.NextDouble())]);
        served.Fill();
        foreach (ElementType type in (ElementType[])[ElementType.F16, ElementType.BF16, ElementType.F64])
        {
            int launches = 0;
            served.Tier.Device!.Fault = step => launches += step == DeviceStep.Launch ? 1 : 0;
            Assert.Equal(await served.LookUpAsync(served.Plain, ids, type), await served.LookUpAsync(served.Lookups, ids, type));
            Assert.True(launches > 0);
        }
    }
}
