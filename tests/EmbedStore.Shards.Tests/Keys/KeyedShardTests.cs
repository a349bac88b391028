using System.Runtime.InteropServices;
using System.Text;
using EmbedStore.Tensors;

namespace EmbedStore.Shards.Tests;

/// <summary>Shards whose rows have keys, asked with a hash of four bits: every key shares the id that it asks for with hundreds of others.</summary>
public sealed class KeyedShardTests
{
    private static readonly RowFormat Keyed = new(ElementType.F32, Shards.Width, initializer: RowInitializer.Uniform(-1, 1, 5)) { Keyed = true };

    [Fact]
    public async Task ReadByKey_OfAClosedShard_IsRefusedAlsoWhereNoKeyIsKnown()
    {
        Shard shard = await OpenAsync(new FaultyDisk());
        await shard.DisposeAsync();
        RowKeys keys = RowKeys.Of("never");
        Assert.Throws<ObjectDisposedException>(() => shard.ReadByKey(KeyHash.Of(keys), keys, default, new byte[shard.Format.DataByteCount], new RowStatus[1], default));
    }

    [Theory]
    [InlineData(201)]
    [InlineData(202)]
    [InlineData(203)]
    public async Task Shard_RandomOperationsOnKeys_DoWhatADictionaryDoes(int seed)
    {
        var random = new Random(seed);
        var disk = new FaultyDisk();
        var model = new Dictionary<string, float[]>();
        Shard shard = await OpenAsync(disk);
        long snapshots = 0;
        for (int step = 0; step < 200; step++)
        {
            string[] keys = [.. Enumerable.Range(0, random.Next(1, 60)).Select(_ => $"key {random.Next(700)}")];
            switch (random.Next(16))
            {
                case 0:
                    await shard.DisposeAsync();
                    shard = await OpenAsync(disk);
                    break;
                case 1:
                    FaultyDisk after = disk.AfterPowerCut();
                    await shard.DisposeAsync();
                    shard = await OpenAsync(disk = after);
                    break;
                case 2:
                    await shard.SnapshotAmidAsync(++snapshots, () => WriteBoth(shard, model, random, keys));
                    break;
                case < 5:
                    WriteReceipt receipt = await shard.WriteAsync(Write(RowWriteKind.Erase, keys));
                    Assert.Equal(keys.Distinct().Count(model.ContainsKey), receipt.RowCount);
                    Array.ForEach(keys, key => model.Remove(key));
                    break;
                case < 12:
                    await WriteBoth(shard, model, random, keys);
                    break;
                default:
                    AssertSame(shard, model, keys, $"seed {seed}, step {step}");
                    break;
            }
        }

        AssertSame(shard, model, [.. Enumerable.Range(0, 750).Select(static i => $"key {i}")], $"seed {seed}, end");
        Assert.Equal(model.Count, shard.RowCount);
        Assert.Equal(model.Keys.Order(StringComparer.Ordinal), shard.LiveKeys().Select(static key => Encoding.UTF8.GetString(key.Span)).Order(StringComparer.Ordinal));
        Assert.InRange(shard.Statistics.KeyCount, model.Count, 700);
        Assert.InRange(shard.Statistics.Bytes.Keys, shard.Statistics.KeyCount * 16, 1 << 20);
        await shard.DisposeAsync();
    }

    /// <summary>The key of a row that is made, erased and read all the while has always its own numbers.</summary>
    [Fact]
    public async Task ReadByKey_BesideWrites_NeverGivesTheRowOfAnotherKey()
    {
        await using Shard shard = await OpenAsync(new FaultyDisk());
        using var stop = new CancellationTokenSource();
        Task[] readers = [.. Enumerable.Range(0, 2).Select(seed => Task.Run(() =>
        {
            var random = new Random(seed);
            while (!stop.IsCancellationRequested)
            {
                int[] numbers = [.. Enumerable.Range(0, 40).Select(_ => random.Next(400))];
                (float[] rows, RowStatus[] statuses) = Read(shard, [.. numbers.Select(static i => $"key {i}")]);
                for (int i = 0; i < numbers.Length; i++)
                {
                    Assert.True(statuses[i] != RowStatus.Found || rows.AsSpan(i * Shards.Width, Shards.Width).IndexOfAnyExcept(numbers[i]) < 0);
                }
            }
        }))];
        var order = new Random(3);
        for (int round = 0; round < 300; round++)
        {
            int[] numbers = [.. Enumerable.Range(0, 20).Select(_ => order.Next(400))];
            string[] keys = [.. numbers.Select(static i => $"key {i}")];
            await shard.WriteAsync(Write(RowWriteKind.Assign, keys, [.. numbers.SelectMany(static i => Enumerable.Repeat((float)i, Shards.Width))]));
            await shard.WriteAsync(Write(RowWriteKind.Erase, keys[..10]));
        }

        await stop.CancelAsync();
        await Task.WhenAll(readers);
    }

    /// <summary>A write that the disk had no room for made no key known: after a reopening the ids are the same as before.</summary>
    /// <param name="claimsRoom">The disk says that there is room, so that the write fails in the log instead of before it.</param>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Write_DiskFull_LeavesNoKeyBehind(bool claimsRoom)
    {
        var disk = new FaultyDisk();
        Shard shard = await OpenAsync(disk);
        await shard.WriteAsync(Write(RowWriteKind.Assign, ["a"], 1, 1, 1, 1));
        disk.FreeBytes = 10;
        disk.ClaimedFreeBytes = claimsRoom ? 1L << 40 : null;
        Assert.Equal(WriteOutcome.StorageFull, (await shard.WriteAsync(Write(RowWriteKind.Assign, ["b", "c"], 2, 2, 2, 2, 3, 3, 3, 3))).Outcome);
        disk.FreeBytes = long.MaxValue;
        await shard.WriteAsync(Write(RowWriteKind.Assign, ["c"], 4, 4, 4, 4));

        Assert.Equal(2, shard.Statistics.KeyCount);
        await shard.DisposeAsync();
        shard = await OpenAsync(disk);
        (float[] rows, RowStatus[] statuses) = Read(shard, ["a", "b", "c"]);
        Assert.Equal([RowStatus.Found, RowStatus.NeverWritten, RowStatus.Found], statuses);
        Assert.Equal((1f, 4f), (rows[0], rows[2 * Shards.Width]));
        await shard.DisposeAsync();
    }

    [Fact]
    public async Task Open_WithoutKeysAShardThatHasThem_IsRefused()
    {
        var disk = new FaultyDisk();
        await (await OpenAsync(disk)).DisposeAsync();

        await Assert.ThrowsAsync<ArgumentException>(() => Shards.OpenAsync(Shards.Options(disk), Keyed with { Keyed = false }));
    }

    [Fact]
    public async Task Write_KeysThatDoNotFit_AreRefused()
    {
        await using Shard shard = await OpenAsync(new FaultyDisk());
        float[] row = [1, 2, 3, 4];

        await Assert.ThrowsAsync<ArgumentException>(() => shard.WriteAsync(Shards.Assign([1], row)));
        await Assert.ThrowsAsync<ArgumentException>(() => shard.WriteAsync(Write(RowWriteKind.Assign, [""], row)));
        await Assert.ThrowsAsync<ArgumentException>(() => shard.WriteAsync(Write(RowWriteKind.Assign, [new string('x', RowKeys.KeyByteCountMax + 1)], row)));
        Assert.Equal(WriteOutcome.Committed, (await shard.WriteAsync(Write(RowWriteKind.Assign, [new string('x', RowKeys.KeyByteCountMax)], row))).Outcome);
    }

    private static async Task WriteBoth(Shard shard, Dictionary<string, float[]> model, Random random, string[] keys)
    {
        bool accumulate = random.Next(2) == 0;
        float[] values = [.. Enumerable.Range(0, keys.Length * Shards.Width).Select(_ => (float)random.Next(100))];
        WriteReceipt receipt = await shard.WriteAsync(Write(accumulate ? RowWriteKind.Accumulate : RowWriteKind.Assign, keys, values));
        Assert.Equal((WriteOutcome.Committed, (long)keys.Distinct().Count()), (receipt.Outcome, receipt.RowCount));
        for (int i = 0; i < keys.Length; i++)
        {
            if (!model.TryGetValue(keys[i], out float[]? row))
            {
                model[keys[i]] = row = InitialRow(keys[i]);
            }

            for (int column = 0; column < Shards.Width; column++)
            {
                row[column] = values[(i * Shards.Width) + column] + (accumulate ? row[column] : 0);
            }
        }
    }

    /// <summary>What the row starts from is the id that its key asks for, wherever it ended up.</summary>
    private static float[] InitialRow(string key)
    {
        float[] row = new float[Shards.Width];
        Keyed.FillInitial(WeakId(key), MemoryMarshal.AsBytes(row.AsSpan()));
        return row;
    }

    private static void AssertSame(Shard shard, Dictionary<string, float[]> model, string[] keys, string where)
    {
        (float[] rows, RowStatus[] statuses) = Read(shard, keys);
        for (int i = 0; i < keys.Length; i++)
        {
            bool found = statuses[i] == RowStatus.Found;
            Assert.True(found == model.ContainsKey(keys[i]), where);
            Assert.True(!found || rows.AsSpan(i * Shards.Width, Shards.Width).SequenceEqual(model[keys[i]]), where);
        }
    }

    private static (float[] Rows, RowStatus[] Statuses) Read(Shard shard, string[] keys)
    {
        byte[] rows = new byte[keys.Length * Keyed.DataByteCount];
        var statuses = new RowStatus[keys.Length];
        int missing = shard.ReadByKey([.. keys.Select(WeakId)], RowKeys.Of(keys), [], rows, statuses, default);
        Assert.Equal(statuses.Count(static status => status != RowStatus.Found), missing);
        return (MemoryMarshal.Cast<byte, float>(rows).ToArray(), statuses);
    }

    private static long WeakId(string key) => KeyHash.Of(Encoding.UTF8.GetBytes(key)) & 15;

    private static RowWrite Write(RowWriteKind kind, string[] keys, params float[] values) => new()
    {
        Kind = kind,
        RowIds = keys.Select(WeakId).ToArray(),
        Keys = RowKeys.Of(keys),
        Columns = ColumnRange.All(Shards.Width),
        Values = MemoryMarshal.AsBytes(values.AsSpan()).ToArray(),
    };

    private static Task<Shard> OpenAsync(FaultyDisk disk) => Shards.OpenAsync(Shards.Options(disk, segmentByteCountMax: 100_000), Keyed);
}
