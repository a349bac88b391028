using System.Diagnostics;
using EmbedStore.Gpu;
using EmbedStore.Serving;
using EmbedStore.Shards;
using EmbedStore.Tensors;
using ILGPU;
using ILGPU.Runtime;

namespace EmbedStore.Benchmarks.Gpu;

/// <summary>A line of the table.</summary>
internal sealed record Figure(string Name, string Measured, string Goal, string Ratio)
{
    public const string NotMeasured = "not measured";

    /// <summary>Ours against another; null: that one was not there.</summary>
    public static Figure Of(string name, double seconds, double? otherSeconds, double goal) => new(
        name,
        otherSeconds is null ? $"{seconds * 1e3:0.000} ms, the other {NotMeasured}" : $"{seconds * 1e3:0.000} ms and {otherSeconds * 1e3:0.000} ms",
        $"{goal:0.00}",
        otherSeconds is null ? NotMeasured : $"{otherSeconds / seconds:0.00}");
}

/// <summary>Question: how near is the device to what its memory can do, and to PyTorch on the same device in the same run?</summary>
internal static class Figures
{
    private const int Width = 128;
    private const int Batch = 4096;
    private const int BagLength = 64;
    private const int Repeats = 100;
    private const int NearestWidth = 64;
    private const int NearestRows = 10_000_000;
    private const int Queries = 256;
    private const int Top = 10;
    private const double Skew = 1.05;

    private static readonly (string Name, double Goal)[] Goals =
    [
        ("gather (4096,64), K = 128 F32, uniform: bytes moved over a device copy's", 0.85),
        ("gather (4096,64), K = 128 F32, Zipf 1.05: bytes moved over a device copy's", 0.85),
        ("gather uniform over torch.nn.functional.embedding", 1.2),
        ("gather Zipf 1.05 over torch.nn.functional.embedding", 1.2),
        ("bag of 64, sum, over torch embedding_bag", 1.2),
        ("nearest, 256 queries, 10 M x 64, k = 10, over torch matrix product + topk in F32", 0.5),
        ("host table with 10 % in device memory, Zipf 1.05, rows/s over the host-only path", 3),
    ];

    public static IReadOnlyList<Figure> NotMeasured() => [.. Goals.Select(static goal => new Figure(goal.Name, Figure.NotMeasured, $"{goal.Goal:0.00}", Figure.NotMeasured))];

    public static IReadOnlyList<Figure> Measure(GpuDevice device, long rowCountMax)
    {
        var format = new RowFormat(ElementType.F32, Width);
        var layout = new RowLayout(format);
        long fits = device.FreeByteCount / 5 * 3 / layout.SlotByteCount;
        using Slab slab = Slab.TryAllocate(device, layout, (int)Math.Min(Math.Min(rowCountMax, fits), 1 << 30))!;
        Console.Error.WriteLine($"{slab.SlotCount} rows of {layout.DataByteCount} bytes");
        Torch? torch = Torch.TryRun(slab.SlotCount, Width, Batch, BagLength, Repeats, NearestRows, NearestWidth, Queries, Top);
        double copy = CopySecondsPerByte(device);
        double uniform = GatherSeconds(device, slab, skew: 0);
        double zipf = GatherSeconds(device, slab, Skew);
        double bag = BagSeconds(device, slab);
        double bytes = 2.0 * Batch * BagLength * layout.DataByteCount;
        slab.Dispose();
        double nearest = NearestSeconds(device);
        (double tiered, double host) = HostTable.Measure(device);
        return
        [
            Figure.Of(Goals[0].Name, uniform, copy * bytes, Goals[0].Goal),
            Figure.Of(Goals[1].Name, zipf, copy * bytes, Goals[1].Goal),
            Figure.Of(Goals[2].Name, uniform, torch?["gather uniform"], Goals[2].Goal),
            Figure.Of(Goals[3].Name, zipf, torch?["gather zipf"], Goals[3].Goal),
            Figure.Of(Goals[4].Name, bag, torch?["bag"], Goals[4].Goal),
            Figure.Of(Goals[5].Name, nearest, torch?["nearest"], Goals[5].Goal),
            Figure.Of(Goals[6].Name, tiered, host, Goals[6].Goal),
        ];
    }

    /// <summary>Ranks by the inverse of the continuous distribution; 0 is uniform.</summary>
    public static int[] Draw(int count, int rowCount, double skew, Random random)
    {
        double power = 1 - skew;
        int[] rows = new int[count];
        for (int i = 0; i < count; i++)
        {
            double u = random.NextDouble();
            rows[i] = skew == 0 ? (int)(u * rowCount) : (int)Math.Clamp(Math.Pow(((Math.Pow(rowCount, power) - 1) * u) + 1, 1 / power) - 1, 0, rowCount - 1);
        }

        return rows;
    }

    /// <summary>A device copy reads and writes each byte: both count.</summary>
    private static double CopySecondsPerByte(GpuDevice device)
    {
        const long ByteCount = 1L << 30;
        using MemoryBuffer1D<byte, Stride1D.Dense> from = device.Accelerator.Allocate1D<byte>(ByteCount);
        using MemoryBuffer1D<byte, Stride1D.Dense> to = device.Accelerator.Allocate1D<byte>(ByteCount);
        return Seconds(device, stream => from.View.CopyTo(stream, to.View)) / (2.0 * ByteCount);
    }

    private static double GatherSeconds(GpuDevice device, Slab slab, double skew)
    {
        const int Count = Batch * BagLength;
        using MemoryBuffer1D<int, Stride1D.Dense> slots = device.Accelerator.Allocate1D(Draw(Count, slab.SlotCount, skew, new Random(1)));
        using MemoryBuffer1D<byte, Stride1D.Dense> rows = device.Accelerator.Allocate1D<byte>((long)Count * slab.Layout.DataByteCount);
        using MemoryBuffer1D<long, Stride1D.Dense> versions = device.Accelerator.Allocate1D<long>(Count);
        GatherLaunch launch = GatherForms.Stored(device, slab);
        return Seconds(device, stream => launch(stream, slots.View, rows.View, versions.View));
    }

    private static double BagSeconds(GpuDevice device, Slab slab)
    {
        using MemoryBuffer1D<int, Stride1D.Dense> slots = device.Accelerator.Allocate1D(Draw(Batch * BagLength, slab.SlotCount, 0, new Random(2)));
        using MemoryBuffer1D<long, Stride1D.Dense> begins = device.Accelerator.Allocate1D(Enumerable.Range(0, Batch + 1).Select(static bag => (long)bag * BagLength).ToArray());
        using MemoryBuffer1D<byte, Stride1D.Dense> pooled = device.Accelerator.Allocate1D<byte>((long)Batch * slab.Layout.DataByteCount);
        BagLaunch launch = BagRun.TryMake(device, slab)!.Launch;
        return Seconds(device, stream => launch(stream, slots.View, begins.View, ArrayView<double>.Empty, BagMode.Sum, pooled.View));
    }

    private static double NearestSeconds(GpuDevice device)
    {
        var format = new RowFormat(ElementType.F32, NearestWidth);
        using Slab slab = Slab.TryAllocate(device, new RowLayout(format), NearestRows)!;
        using Lane lane = Lane.TryMake(device, 128 << 20)!;
        NearestRun run = NearestRun.TryMake(device, slab)!;
        var random = new Random(3);
        float[] queries = [.. Enumerable.Range(0, Queries * NearestWidth).Select(_ => (float)random.NextDouble())];
        bool[] canBeRow = new bool[Queries];
        byte[] stored = new byte[Queries * NearestWidth * sizeof(float)];
        double best = double.PositiveInfinity;
        for (int i = 0; i < 5; i++)
        {
            long began = Stopwatch.GetTimestamp();
            var batch = new NearestBatch { Queries = queries, StoredQueries = stored, CanBeRow = canBeRow, Count = Top, Metric = NearestMetric.L2, SkipsMissing = false };
            run.TryRun(lane.First, batch, slab.SlotCount, new long[Queries * Top], new float[Queries * Top], new bool[Queries]);
            best = Math.Min(best, Stopwatch.GetElapsedTime(began).TotalSeconds);
        }

        return best;
    }

    private static double Seconds(GpuDevice device, Action<AcceleratorStream> run)
    {
        using AcceleratorStream stream = device.Accelerator.CreateStream();
        run(stream);
        stream.Synchronize();
        long began = Stopwatch.GetTimestamp();
        for (int i = 0; i < Repeats; i++)
        {
            run(stream);
        }

        stream.Synchronize();
        return Stopwatch.GetElapsedTime(began).TotalSeconds / Repeats;
    }
}
