using System.Diagnostics;
using EmbedStore.Gpu;
using EmbedStore.Serving;
using EmbedStore.Shards;
using EmbedStore.Tensors;
using Microsoft.Extensions.Logging.Abstractions;

namespace EmbedStore.Benchmarks.Gpu;

/// <summary>Question: what does a device with room for a tenth of a table add to a server that has the table in the processor's memory?</summary>
internal static class HostTable
{
    private const int RowCount = 2_000_000;
    private const int Width = 64;
    private const int BatchLength = 4096 * 64;
    private const int BatchCount = 8;
    private const int WarmUpCount = 5;
    private const int Rounds = 5;

    /// <returns>Seconds for a batch, with the device and without.</returns>
    public static (double Tiered, double Host) Measure(GpuDevice device)
    {
        string folder = Directory.CreateTempSubdirectory("embedstore-gpu-").FullName;
        try
        {
            return MeasureAsync(device, folder).GetAwaiter().GetResult();
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<(double Tiered, double Host)> MeasureAsync(GpuDevice device, string folder)
    {
        // Half of what is left goes to a table, so twice a tenth.
        long tenth = RowCount / 10 * new RowLayout(new RowFormat(ElementType.F32, Width)).SlotByteCount;
        var options = new GpuOptions { Device = device.IsProcessor ? GpuOptions.Processor : "auto", MemoryBytes = 2 * tenth, StagingBytes = 64 << 20, CalibrationTime = TimeSpan.Zero };
        using var tier = new GpuTier(GpuDevice.Open(options, NullLogger.Instance), options, NullLogger.Instance);
        TableCatalog catalog = TableCatalog.Open(new StorageOptions { Folder = folder, TableMemoryByteCount = 4L << 30, ReserveByteCount = 0, Tier = tier });
        var router = new LocalShardRouter();
        var below = new LocalRowCache();
        await catalog.RecoverAsync(CancellationToken.None);
        var spec = new TableSpec { Sizes = [RowCount, Width], Type = ElementType.F32, ShardCount = 4, Durability = Durability.None };
        await catalog.CreateAsync("t", spec, CancellationToken.None);
        try
        {
            using TableLease lease = catalog.Lease("t");
            await FillAsync(lease.Table, router);
            var random = new Random(4);
            Tensor[] batches = [.. Enumerable.Range(0, BatchCount).Select(_ => Batch(random))];
            double tiered = await SecondsAsync(new LookupPipeline(new DeviceRowCache(tier, below), router, new CpuGather(), new ServingLimits(), new DeviceCompute(tier)), lease.Table, batches);
            double host = await SecondsAsync(new LookupPipeline(below, router, new CpuGather(), new ServingLimits()), lease.Table, batches);
            return (tiered, host);
        }
        finally
        {
            await catalog.DisposeAsync();
        }
    }

    private static async Task FillAsync(Table table, IShardRouter router)
    {
        const int Part = 100_000;
        var updates = new UpdatePipeline(router, new ServingLimits());
        float[] values = new float[Part * Width];
        for (int first = 0; first < RowCount; first += Part)
        {
            Array.Fill(values, first);
            await updates.ApplyAsync(table, new UpdateRequest
            {
                Subscript = SubscriptParser.Parse(FormattableString.Invariant($"[{first}:{first + Part}]")),
                Tensors = new Dictionary<string, Tensor>(),
                Values = Tensor.Of(TensorShape.Of(Part, Width), values.AsSpan()),
                Kind = RowWriteKind.Assign,
            }, CancellationToken.None);
        }
    }

    private static Tensor Batch(Random random)
    {
        long[] ids = [.. Figures.Draw(BatchLength, RowCount, 1.05, random).Select(static row => (long)row)];
        return Tensor.Of(TensorShape.Of(4096, 64), ids.AsSpan());
    }

    private static async Task<double> SecondsAsync(LookupPipeline pipeline, Table table, Tensor[] batches)
    {
        byte[] answer = new byte[BatchLength * Width * sizeof(float)];
        for (int round = 0; round < WarmUpCount; round++)
        {
            await RunAsync(pipeline, table, batches, answer);

            // What was read twice goes to the device in the background.
            await Task.Delay(TimeSpan.FromMilliseconds(200));
        }

        long began = Stopwatch.GetTimestamp();
        for (int round = 0; round < Rounds; round++)
        {
            await RunAsync(pipeline, table, batches, answer);
        }

        return Stopwatch.GetElapsedTime(began).TotalSeconds / (Rounds * batches.Length);
    }

    private static async Task RunAsync(LookupPipeline pipeline, Table table, Tensor[] batches, byte[] answer)
    {
        foreach (Tensor ids in batches)
        {
            using var memory = new RequestMemory();
            Lookup lookup = pipeline.Prepare(table, new LookupRequest { Subscript = SubscriptParser.Parse("[ids]"), Tensors = new Dictionary<string, Tensor> { ["ids"] = ids } }, memory);
            await lookup.ReadAsync(0, lookup.EntryCount, answer, CancellationToken.None);
        }
    }
}
