using EmbedStore.Tensors;
using static EmbedStore.Shards.Tests.Shards;

namespace EmbedStore.Shards.Tests;

/// <summary>A mirror holds what the shard holds: while it is written, and after it was opened again.</summary>
public sealed class RowMirrorTests
{
    [Theory]
    [InlineData(401, 0)]
    [InlineData(402, 16)]
    public async Task Mirror_RandomWritesAndReopenings_HoldsWhatTheShardHolds(int seed, int stateByteCount)
    {
        var random = new Random(seed);
        var disk = new FaultyDisk();
        var mirror = new DictionaryMirror();
        Shard shard = await OpenAsync(disk, mirror, stateByteCount);
        for (int step = 0; step < 200; step++)
        {
            long[] ids = [.. Enumerable.Range(0, random.Next(1, 50)).Select(_ => (long)random.Next(200))];
            float[] values = [.. Enumerable.Range(0, ids.Length * Width).Select(_ => (float)random.Next(100))];
            if (random.Next(20) == 0)
            {
                await shard.DisposeAsync();
                shard = await OpenAsync(disk, mirror = new DictionaryMirror(), stateByteCount);
            }

            if (random.Next(20) == 0)
            {
                await shard.SnapshotAsync(step + 1);
            }

            await shard.WriteAsync(random.Next(5) switch { 0 => Erase(ids), < 3 => Assign(ids, values), _ => Accumulate(ids, values) });
            AssertSame(shard, mirror, ids, $"seed {seed}, step {step}");
        }

        AssertSame(shard, mirror, [.. Enumerable.Range(0, 200)], $"seed {seed}, end");
        await shard.DisposeAsync();
    }

    [Fact]
    public async Task Mirror_WhenItIsWritten_IsAheadOfTheVersion()
    {
        var mirror = new DictionaryMirror();
        Shard shard = await OpenAsync(new FaultyDisk(), mirror, 0);
        long versionWhenWritten = -1;
        mirror.Written = () => versionWhenWritten = shard.Version;

        WriteReceipt receipt = await shard.WriteAsync(Row(1, 5));

        Assert.Equal(1, receipt.Version);
        Assert.Equal(0, versionWhenWritten);
        await shard.DisposeAsync();
    }

    private static Task<Shard> OpenAsync(FaultyDisk disk, IRowMirror mirror, int stateByteCount) => Shards.OpenAsync(
        Options(disk) with { Mirror = mirror },
        new RowFormat(ElementType.F32, Width, initializer: RowInitializer.Constant(7), optimizer: stateByteCount == 0 ? null : new RowwiseAdagradOptimizer { Rate = 0, Epsilon = 1 }));

    private static void AssertSame(Shard shard, DictionaryMirror mirror, long[] ids, string where)
    {
        byte[] data = new byte[ids.Length * Width * sizeof(float)];
        var statuses = new RowStatus[ids.Length];
        long[] versions = new long[ids.Length];
        shard.Read(ids, [], data, statuses, versions);
        byte[] row = new byte[Width * sizeof(float)];
        for (int i = 0; i < ids.Length; i++)
        {
            Array.Clear(row);
            RowStatus status = mirror.Read(ids[i], row, out long lsn);
            Assert.True((status, lsn) == (statuses[i], versions[i]), where);
            Assert.True(row.AsSpan().SequenceEqual(data.AsSpan(i * row.Length, row.Length)), where);
        }
    }

    private sealed class DictionaryMirror : IRowMirror
    {
        private readonly Dictionary<long, (long Lsn, byte[] Data)> _rows = [];

        public Action? Written { get; set; }

        public void Write(long rowId, long lsn, ReadOnlySpan<byte> data)
        {
            Assert.True(lsn > _rows.GetValueOrDefault(rowId).Lsn, "A change came twice, or late.");
            _rows[rowId] = (lsn, data.ToArray());
            Written?.Invoke();
        }

        public RowStatus Read(long rowId, Span<byte> data, out long lsn)
        {
            bool known = _rows.TryGetValue(rowId, out (long Lsn, byte[] Data) row);
            lsn = row.Lsn;
            row.Data?.CopyTo(data);
            return !known ? RowStatus.NeverWritten : row.Data!.Length == 0 ? RowStatus.Erased : RowStatus.Found;
        }
    }
}
