using System.Runtime.InteropServices;
using EmbedStore.Tensors;
using EmbedStore.Testing;

namespace EmbedStore.Recovery.Tests;

/// <summary>A file system that is really full, under a real server: 507, reads that go on, writing that resumes by itself, and nothing that hangs.</summary>
public class FullDiskTests
{
    private const int Width = 256;
    private const int RowsOfABatch = 256;
    private const long MiB = 1 << 20;

    /// <summary>The log fills the disk; a snapshot finds no room; then there is more.</summary>
    [TmpfsFact]
    public async Task Append_OnAFullDisk_IsRefusedUntilThereIsRoom()
    {
        using var disk = new Tmpfs(64 * MiB);
        await using ServerProcess server = await StartAsync(disk);
        var table = new NumberedTable(server, rowCount: 4096);
        await table.CreateAsync();
        Answer refusal = await table.WriteUntilRefusedAsync(batchCountMax: 1000);
        Assert.Equal((507, "storage_full"), (refusal.Status, refusal.Code));
        await table.CheckAsync();
        await table.FillUpAsync(disk);
        await table.CheckAsync();

        disk.Resize(128 * MiB);
        (await table.WriteAsync()).Success();
        (await table.SnapshotAsync()).Success();
        (await table.WriteAsync()).Success();
        await table.CheckAsync();
        await server.RestartAsync();
        await MixedLoad.WaitUntilReadyAsync(server.Client);
        await table.CheckAsync();
        (await table.WriteAsync()).Success();
    }

    /// <summary>A table three times its memory is updated again and again: log, snapshots and compacted scratch share a disk that is full most of the time.</summary>
    [TmpfsFact]
    public async Task Compaction_OnAFullDisk_GoesOnWhenThereIsRoom()
    {
        const int RowCount = 40_000;
        long byteCount = 200 * MiB;
        using var disk = new Tmpfs(byteCount);
        await using ServerProcess server = await StartAsync(disk);
        var table = new NumberedTable(server, RowCount);
        await table.CreateAsync();
        int refusals = 0;
        while (table.WrittenCount < 5 * RowCount)
        {
            if ((await table.WriteUntilRefusedAsync(batchCountMax: 100)).Status < 300)
            {
                continue;
            }

            refusals++;
            await table.CheckAsync();

            // A snapshot lets go of log. When it finds no room itself, somebody has to make some.
            if ((await table.SnapshotAsync()).Status == 507)
            {
                disk.Resize(byteCount += 50 * MiB);
            }
        }

        Assert.True(refusals > 0, "The disk was never full.");
        await table.CheckAsync();

        // What compaction had just given back, the log has; a start may need more for a while.
        await server.RestartAsync();
        disk.Resize(byteCount + (100 * MiB));
        await MixedLoad.WaitUntilReadyAsync(server.Client);
        await table.CheckAsync();
    }

    /// <summary>Whoever else fills the disk while the server is down: it starts, says what is held back, and serves by itself when there is room.</summary>
    [TmpfsFact]
    public async Task Restart_OnAFullDisk_ServesWhenThereIsRoom()
    {
        using var disk = new Tmpfs(256 * MiB);
        await using ServerProcess server = await StartAsync(disk);
        var table = new NumberedTable(server, rowCount: 20_000);
        await table.CreateAsync();
        while (table.WrittenCount < 20_000)
        {
            (await table.WriteAsync()).Success();
        }

        server.Kill();
        Directory.Delete(Path.Combine(disk.Path, "data", "scratch"), recursive: true);
        disk.Fill(leftByteCount: 8 * MiB);
        await server.RestartAsync();
        await table.WaitUntilHeldBackAsync().WaitAsync(ServerProgram.Patience);
        Answer refusal = await table.WriteAsync();
        Assert.Equal((507, "storage_full"), (refusal.Status, refusal.Code));

        disk.Resize(512 * MiB);
        await MixedLoad.WaitUntilReadyAsync(server.Client);
        await table.CheckAsync();
        (await table.WriteAsync()).Success();
    }

    private static Task<ServerProcess> StartAsync(Tmpfs disk) => ServerProcess.StartAsync(
        "--EmbedStore:Data", Path.Combine(disk.Path, "data"),
        "--EmbedStore:RowStore:MemoryBytes", "16777216", "--EmbedStore:RowStore:ReserveBytes", "1048576", "--EmbedStore:RowStore:LogSegmentBytes", "1048576");

    /// <summary>A table that is written from end to end, in rounds: a row holds the number of the last acknowledged batch that wrote it.</summary>
    private sealed class NumberedTable(ServerProcess server, int rowCount)
    {
        private readonly float[] _expected = new float[rowCount];
        private int _batchCount;

        /// <summary>Unit: rows.</summary>
        public long WrittenCount { get; private set; }

        private ApiClient Api => new(server.Client);

        public async Task CreateAsync() => (await Api.CreateAsync("t", $$"""{"shape": [{{rowCount}}, {{Width}}], "shards": 1}""")).Success();

        public async Task WaitUntilHeldBackAsync()
        {
            Answer answer = await Api.GetAsync("/health/ready");
            while (answer.Status == 503 && answer["status"].GetString() != "degraded")
            {
                answer = await Api.GetAsync("/health/ready");
            }

            Assert.Equal(503, answer.Status);
        }

        public Task<Answer> SnapshotAsync() => Api.SendAsync(HttpMethod.Post, "/v1/tables/t/snapshot");

        /// <summary>Leaves no room for a snapshot or a write. Scratch is compacted meanwhile; what that gives back is taken too.</summary>
        public async Task FillUpAsync(Tmpfs disk)
        {
            for (int i = 0; i < 100; i++)
            {
                disk.Fill(leftByteCount: MiB / 2);
                if ((await SnapshotAsync()).Code == "storage_full" && (await WriteAsync()).Code == "storage_full")
                {
                    return;
                }
            }

            Assert.Fail("The disk is full, and yet there is room.");
        }

        public async Task<Answer> WriteUntilRefusedAsync(int batchCountMax)
        {
            Answer answer = await WriteAsync();
            for (int i = 1; i < batchCountMax && answer.Status < 300; i++)
            {
                answer = await WriteAsync();
            }

            return answer;
        }

        public async Task<Answer> WriteAsync()
        {
            int first = (int)(WrittenCount % rowCount), last = Math.Min(first + RowsOfABatch, rowCount);
            float number = ++_batchCount;
            Answer answer = await Api.PutAsync("t", FormattableString.Invariant($"[{first}:{last}]"), Tensor.Of(TensorShape.Scalar, number));
            if (answer.Status < 300)
            {
                _expected.AsSpan(first, last - first).Fill(number);
                WrittenCount += last - first;
            }

            return answer;
        }

        public async Task CheckAsync()
        {
            const int RowsOfARead = 8192;
            for (int first = 0; first < rowCount; first += RowsOfARead)
            {
                int count = Math.Min(RowsOfARead, rowCount - first);
                Tensor rows = (await Api.GatherAsync("t", FormattableString.Invariant($"[{first}:{first + count}]"))).Rows();
                ReadOnlyMemory<byte> data = rows.Data;
                for (int i = 0; i < count; i++)
                {
                    ReadOnlySpan<float> row = MemoryMarshal.Cast<byte, float>(data.Span).Slice(i * Width, Width);
                    Assert.False(row.ContainsAnyExcept(_expected[first + i]), $"row {first + i} holds {row[0]}, expected {_expected[first + i]}");
                }
            }
        }
    }
}
