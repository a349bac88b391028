#pragma warning disable
using System.Diagnostics;
using System.Runtime.InteropServices;
using EmbedStore.Tensors;
namespace EmbedStore.Shards.Tests;
public sealed class MeasureTmp
{
    [Fact]
    public async Task Measure()
    {
        using var folder = new TemporaryFolder();
        var log = new List<string>();
        var format = new RowFormat(Tensors.ElementType.F32, 64);
        foreach (ShardOwnership o in new[] { ShardOwnership.Lock, ShardOwnership.Epoch })
        {
            string dir = Path.Combine(folder.Path, o.ToString());
            ShardOptions Opt() => new() { Ownership = o, ExpectedRowCount = 100_000 };
            Shard s = await Shard.OpenAsync(dir, dir + "-s", format, Opt(), CancellationToken.None);
            for (int b = 0; b < 100; b++)
            {
                await s.WriteAsync(new RowWrite { Kind = RowWriteKind.Assign, RowIds = Enumerable.Range(b * 1000, 1000).Select(i => (long)i).ToArray(), Columns = ColumnRange.All(64), Values = MemoryMarshal.AsBytes(Enumerable.Range(0, 64000).Select(i => (float)i).ToArray().AsSpan()).ToArray() });
            }
            await s.SnapshotAsync(1);
            RowWrite one = new() { Kind = RowWriteKind.Assign, RowIds = new long[] { 5 }, Columns = ColumnRange.All(64), Values = new byte[256] };
            for (int i = 0; i < 10; i++) await s.WriteAsync(one);
            for (int r = 0; r < 8; r++)
            {
                bool crash = o == ShardOwnership.Epoch && r % 2 == 1;
                if (!crash) await s.DisposeAsync();
                long t = Stopwatch.GetTimestamp();
                Shard n = await Shard.OpenAsync(dir, dir + "-s" + r, format, Opt(), CancellationToken.None);
                log.Add($"{o} open {(crash ? "over a live owner" : "after a close")}: {Stopwatch.GetElapsedTime(t).TotalMilliseconds:0.0} ms rows {n.RowCount} segs {n.Statistics.SegmentCount}");
                if (crash) await s.DisposeAsync();
                s = n;
                for (int i = 0; i < 10; i++) await s.WriteAsync(one);
            }
            for (int rep = 0; rep < 3; rep++)
            {
                long t = Stopwatch.GetTimestamp();
                for (int i = 0; i < 2_000_000; i++) s.ConfirmOwner();
                log.Add($"{o} ConfirmOwner fresh: {Stopwatch.GetElapsedTime(t).TotalNanoseconds / 2_000_000:0.0} ns");
                t = Stopwatch.GetTimestamp();
                for (int i = 0; i < 100_000; i++) s.ConfirmOwner(TimeSpan.Zero);
                log.Add($"{o} ConfirmOwner asks: {Stopwatch.GetElapsedTime(t).TotalNanoseconds / 100_000:0.0} ns");
                t = Stopwatch.GetTimestamp();
                for (int i = 0; i < 300; i++) await s.WriteAsync(one);
                log.Add($"{o} commit: {Stopwatch.GetElapsedTime(t).TotalMicroseconds / 300:0.0} us");
            }
            await s.DisposeAsync();
        }
        File.WriteAllLines("/tmp/fence-measure.txt", log);
    }
}
