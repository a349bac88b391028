using EmbedStore.Serving;
using EmbedStore.Tensors;
using ILGPU;
using ILGPU.Runtime;

namespace EmbedStore.Gpu;

/// <summary>Starts a bag kernel.</summary>
internal delegate void BagLaunch(
    AcceleratorStream stream, ArrayView<int> slots, ArrayView<long> begins, ArrayView<double> weights, int mode, ArrayView<byte> pooled);

/// <summary>One pass of bags through a half of a lane.</summary>
internal readonly record struct BagPass(Part<int> Slots, Part<long> Begins, Part<double> Weights, Part<byte> Pooled);

/// <summary>Pools rows of a slab in bags.</summary>
/// <remarks>Thread-safe; a half of a lane belongs to one thread.</remarks>
internal sealed class BagRun
{
    private readonly GpuDevice _device;

    private BagRun(GpuDevice device, BagLaunch launch, int bagByteCount) => (_device, Launch, BagByteCount) = (device, launch, bagByteCount);

    /// <summary>The kernel alone.</summary>
    public BagLaunch Launch { get; }

    /// <summary>Of a pooled row. Unit: bytes.</summary>
    public int BagByteCount { get; }

    /// <returns>Null when the device does not pool such rows.</returns>
    public static BagRun? TryMake(GpuDevice device, Slab slab)
    {
        int width = slab.Layout.Rows.Width;
        bool byFour = width % 4 == 0;
        BagLaunch? launch = slab.Layout.Rows.ScaledByRow ? null : slab.Layout.Rows.ElementType switch
        {
            ElementType.F32 when byFour => Load<Float4, Float4, Pool32x4<Float4, F32x4>>(device, slab, width / 4),
            ElementType.F32 => Load<float, float, Pool32<float, F32>>(device, slab, width),
            ElementType.F16 when byFour => Load<UShort4, Float4, Pool32x4<UShort4, F16x4>>(device, slab, width / 4),
            ElementType.F16 => Load<ushort, float, Pool32<ushort, F16>>(device, slab, width),
            ElementType.BF16 when byFour => Load<UShort4, Float4, Pool32x4<UShort4, BF16x4>>(device, slab, width / 4),
            ElementType.BF16 => Load<ushort, float, Pool32<ushort, BF16>>(device, slab, width),
            ElementType.F64 => Load<double, double, Pool64>(device, slab, width),
            _ => null,
        };
        return launch is null ? null : new BagRun(device, launch, width * slab.Layout.Rows.ComputeType.ByteCount());
    }

    /// <summary>What bags take of a half. Unit: bytes.</summary>
    public long SizeOf(long rowCount, long bagCount, bool isWeighted) =>
        64 + (rowCount * (sizeof(int) + (isWeighted ? sizeof(double) : 0))) + ((bagCount + 1) * sizeof(long)) + (bagCount * BagByteCount);

    /// <summary>Sends bags to the device, pools them, and sends for the result; does not wait.</summary>
    /// <param name="half">Cleared, with room for <see cref="SizeOf"/>.</param>
    /// <param name="slots">Shape [n], checked, padding left out.</param>
    /// <param name="begins">Shape [bags + 1], from any number: the first is where the slots begin.</param>
    /// <param name="weights">Shape [n], or empty.</param>
    /// <param name="mode">How.</param>
    public BagPass Start(LaneHalf half, ReadOnlySpan<int> slots, ReadOnlySpan<long> begins, ReadOnlySpan<double> weights, PoolingMode mode)
    {
        int bags = begins.Length - 1;
        var pass = new BagPass(half.Take<int>(slots.Length), half.Take<long>(begins.Length), half.Take<double>(weights.Length), half.Take<byte>(bags * BagByteCount));
        slots.CopyTo(half.Host(pass.Slots));
        weights.CopyTo(half.Host(pass.Weights));
        Span<long> places = half.Host(pass.Begins);
        for (int bag = 0; bag < begins.Length; bag++)
        {
            places[bag] = begins[bag] - begins[0];
        }

        half.Upload(pass.Slots);
        half.Upload(pass.Begins);
        half.Upload(pass.Weights);
        _device.Step(DeviceStep.Launch);
        Launch(half.Stream, half.Device(pass.Slots), half.Device(pass.Begins), half.Device(pass.Weights), ModeOf(mode, !weights.IsEmpty), half.Device(pass.Pooled));
        half.Download(pass.Pooled);
        return pass;
    }

    private static int ModeOf(PoolingMode mode, bool isWeighted) => mode switch
    {
        PoolingMode.Max => BagMode.Max,
        PoolingMode.Mean => BagMode.Mean,
        _ => isWeighted ? BagMode.Weighted : BagMode.Sum,
    };

    private static BagLaunch Load<TStored, TSum, TPool>(GpuDevice device, Slab slab, int unitCount)
        where TStored : unmanaged
        where TSum : unmanaged
        where TPool : unmanaged, IPool<TStored, TSum>
    {
        var kernel = BagKernel<TStored, TSum, TPool>.Load(device);
        int shift = Walk.LaneShift(unitCount, device.GroupSize);
        return (stream, slots, begins, weights, mode, pooled) => kernel(
            stream, device.Grid((begins.Length - 1) << shift), slab.As<TStored>(), slab.Stride<TStored>(), slots, begins, weights, mode, unitCount, shift, pooled.Cast<TSum>());
    }
}
