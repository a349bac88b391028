using System.Runtime.InteropServices;
using EmbedStore.Shards;
using EmbedStore.Tensors;
using Microsoft.Extensions.Logging.Abstractions;

namespace EmbedStore.Gpu.Tests;

/// <summary>Tests of devices run one after the other: the processor, which they run on, has one kernel at a time.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class DeviceTests
{
    public const string Name = "device";
}

/// <summary>The processor as a device, with a slab of random rows that are known here.</summary>
internal sealed class DeviceRig : IDisposable
{
    public DeviceRig(RowFormat format, int slotCount, int seed, int laneByteCount = 1 << 20)
        : this(format, slotCount, laneByteCount)
    {
        var random = new Random(seed);
        random.NextBytes(Rows);
        Fill(Rows);
    }

    public DeviceRig(RowFormat format, byte[] rows, int laneByteCount = 1 << 20)
        : this(format, rows.Length / format.DataByteCount, laneByteCount)
    {
        rows.CopyTo(Rows, 0);
        Fill(Rows);
    }

    private DeviceRig(RowFormat format, int slotCount, int laneByteCount)
    {
        Device = Open();
        Layout = new RowLayout(format);
        Slab = Slab.TryAllocate(Device, Layout, Math.Max(slotCount, Slab.SlotCountMin))!;
        Lane = Lane.TryMake(Device, 2 * laneByteCount)!;
        Rows = new byte[slotCount * format.DataByteCount];
    }

    public GpuDevice Device { get; }

    public RowLayout Layout { get; }

    public Slab Slab { get; }

    public Lane Lane { get; }

    /// <summary>Shape [slots, data bytes].</summary>
    public byte[] Rows { get; }

    public int SlotCount => Rows.Length / Layout.DataByteCount;

    /// <summary>Whether this machine has a driver, and so perhaps a device: tests of machines without one have nothing to say there.</summary>
    public static bool HasDriver => NativeLibrary.TryLoad("libcuda.so.1", out _) || NativeLibrary.TryLoad("nvcuda", out _);

    public static GpuDevice Open() => GpuDevice.Open(new GpuOptions { Device = "cpu" }, NullLogger.Instance)!;

    public ReadOnlySpan<byte> Row(int slot) => Rows.AsSpan(slot * Layout.DataByteCount, Layout.DataByteCount);

    /// <summary>Gathers, and waits.</summary>
    /// <returns>Rows and versions; null, when a slot was refused.</returns>
    public (byte[] Rows, long[] Versions)? Gather(RowGather gather, int[] slots, ElementType? type, out int bad)
    {
        LaneHalf half = Lane.First;
        half.Clear();
        bad = gather.Start(half, slots, type, out GatherPass pass);
        half.Wait();
        return bad >= 0 ? null : (half.Host(pass.Rows).ToArray(), half.Host(pass.Versions).ToArray());
    }

    public void Dispose()
    {
        Lane.Dispose();
        Slab.Dispose();
        Device.Dispose();
    }

    /// <summary>Rows through the scatter kernel; row i has version i + 1.</summary>
    private void Fill(byte[] rows)
    {
        LaneHalf half = Lane.First;
        int stride = Layout.StrideByteCount;
        int most = (half.ByteCount - 64) / (stride + 12);
        var kernel = ScatterKernel.Load(Device);
        int shift = Walk.LaneShift(stride / 16, Device.GroupSize);
        for (int first = 0; first < SlotCount; first += most)
        {
            int count = Math.Min(most, SlotCount - first);
            half.Clear();
            Part<byte> data = half.Take<byte>(count * stride);
            Part<int> slots = half.Take<int>(count);
            Part<long> versions = half.Take<long>(count);
            for (int i = 0; i < count; i++)
            {
                rows.AsSpan((first + i) * Layout.DataByteCount, Layout.DataByteCount).CopyTo(half.Host(data)[(i * stride)..]);
                half.Host(slots)[i] = first + i;
                half.Host(versions)[i] = first + i + 1;
            }

            half.Upload(data);
            half.Upload(slots);
            half.Upload(versions);
            kernel(half.Stream, Device.Grid((long)count << shift), half.Device(data).Cast<Float4>(), half.Device(slots), half.Device(versions), stride / 16, shift, Slab.As<Float4>(), Slab.Words);
            half.Wait();
        }
    }

    /// <summary>Rows of numbers that are neither NaN nor huge, as they are stored.</summary>
    public static byte[] Numbers(RowFormat format, int rowCount, Random random, Func<Random, float>? next = null)
    {
        next ??= static random => (float)((random.NextDouble() * 4) - 2);
        byte[] rows = new byte[rowCount * format.DataByteCount];
        float[] values = new float[format.Width];
        for (int row = 0; row < rowCount; row++)
        {
            for (int i = 0; i < values.Length; i++)
            {
                values[i] = next(random);
            }

            Span<byte> to = rows.AsSpan(row * format.DataByteCount, format.DataByteCount);
            if (format.ScaledByRow)
            {
                ScaledRow.Encode(values, to);
            }
            else
            {
                ElementConverter.Convert(MemoryMarshal.AsBytes<float>(values), ElementType.F32, to, format.ElementType);
            }
        }

        return rows;
    }
}
