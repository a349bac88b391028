using EmbedStore.Shards;
using EmbedStore.Tensors;
using ILGPU;
using ILGPU.Runtime;

namespace EmbedStore.Gpu;

/// <summary>Starts a gather of rows of a slab, in the form that an answer has.</summary>
/// <param name="stream">Where.</param>
/// <param name="slots">Shape [n], checked.</param>
/// <param name="destination">Shape [n, row bytes] of the answer.</param>
/// <param name="versions">Shape [n].</param>
internal delegate void GatherLaunch(AcceleratorStream stream, ArrayView<int> slots, ArrayView<byte> destination, ArrayView<long> versions);

/// <summary>One pass of a gather through a half of a lane.</summary>
internal readonly record struct GatherPass(Part<int> Slots, Part<long> Versions, Part<byte> Rows);

/// <summary>Brings rows of a slab to the processor.</summary>
/// <remarks>Thread-safe; a half of a lane belongs to one thread.</remarks>
internal sealed class RowGather
{
    private readonly GpuDevice _device;
    private readonly Slab _slab;
    private readonly GatherLaunch _stored;
    private readonly Dictionary<ElementType, GatherLaunch> _converted = [];

    /// <param name="device">Where the kernels run.</param>
    /// <param name="slab">What they read. Kernels are compiled here, for every type that an answer may have.</param>
    public RowGather(GpuDevice device, Slab slab)
    {
        (_device, _slab) = (device, slab);
        _stored = GatherForms.Stored(device, slab);
        foreach (ElementType type in (ElementType[])[ElementType.F32, ElementType.F16, ElementType.BF16, ElementType.F64])
        {
            if (GatherForms.Converted(device, slab, type) is { } launch)
            {
                _converted[type] = launch;
            }
        }
    }

    /// <summary>True when rows can be brought in a type that they are not stored in.</summary>
    public bool Converts(ElementType type) => _converted.ContainsKey(type);

    /// <summary>Rows that a half can take at a time.</summary>
    /// <param name="half">Empty.</param>
    /// <param name="rowByteCount">Of a row of the answer. Unit: bytes.</param>
    public static int RowCountMax(LaneHalf half, int rowByteCount) => Math.Max((half.ByteCount - 64) / (rowByteCount + sizeof(int) + sizeof(long)), 0);

    /// <summary>Position of the first slot outside [0, slotCount), or -1.</summary>
    public static int FirstOutside(ReadOnlySpan<int> slots, int slotCount)
    {
        for (int i = 0; i < slots.Length; i++)
        {
            // As unsigned, a negative slot is a very large one: one compare rejects both ends.
            if (unchecked((uint)slots[i]) >= (uint)slotCount)
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>Sends slots to the device, gathers, and sends for the rows; does not wait.</summary>
    /// <param name="half">Cleared.</param>
    /// <param name="slots">Shape [n], n at most <see cref="RowCountMax"/>.</param>
    /// <param name="type">Null: as rows are stored. Otherwise <see cref="Converts"/>.</param>
    /// <param name="pass">What to read once the half was waited for.</param>
    /// <returns>-1, or the position of the first slot that there is not; then nothing happened.</returns>
    public int Start(LaneHalf half, ReadOnlySpan<int> slots, ElementType? type, out GatherPass pass)
    {
        pass = default;
        int bad = FirstOutside(slots, _slab.SlotCount);
        if (bad >= 0 || slots.IsEmpty)
        {
            return bad;
        }

        int rowByteCount = type is { } to ? _slab.Layout.Rows.Width * to.ByteCount() : _slab.Layout.DataByteCount;
        pass = new GatherPass(half.Take<int>(slots.Length), half.Take<long>(slots.Length), half.Take<byte>(slots.Length * rowByteCount));
        slots.CopyTo(half.Host(pass.Slots));
        half.Upload(pass.Slots);
        _device.Step(DeviceStep.Launch);
        (type is { } asked ? _converted[asked] : _stored)(half.Stream, half.Device(pass.Slots), half.Device(pass.Rows), half.Device(pass.Versions));
        half.Download(pass.Versions);
        half.Download(pass.Rows);
        return -1;
    }
}

/// <summary>The kernel for each form of an answer.</summary>
internal static class GatherForms
{
    /// <summary>Rows as they are stored.</summary>
    public static GatherLaunch Stored(GpuDevice device, Slab slab) => slab.Layout.UnitByteCount switch
    {
        16 => Copy<Float4>(device, slab),
        8 => Copy<ulong>(device, slab),
        4 => Copy<uint>(device, slab),
        2 => Copy<ushort>(device, slab),
        _ => Copy<byte>(device, slab),
    };

    /// <summary>Rows in a floating type that they are not stored in.</summary>
    /// <returns>Null when the device does not convert so.</returns>
    public static GatherLaunch? Converted(GpuDevice device, Slab slab, ElementType to)
    {
        RowFormat rows = slab.Layout.Rows;
        bool byFour = rows.Width % 4 == 0;
        if (rows.ScaledByRow)
        {
            return to switch
            {
                ElementType.F32 => Scaled<float, F32>(device, slab),
                ElementType.F16 => Scaled<ushort, F16>(device, slab),
                ElementType.BF16 => Scaled<ushort, BF16>(device, slab),
                _ => Scaled<double, F64>(device, slab),
            };
        }

        return rows.ElementType == to ? null : rows.ElementType switch
        {
            ElementType.F32 => byFour ? From4<Float4, F32x4>(device, slab, to) ?? From<float, F32>(device, slab, to) : From<float, F32>(device, slab, to),
            ElementType.F16 => byFour ? From4<UShort4, F16x4>(device, slab, to) ?? From<ushort, F16>(device, slab, to) : From<ushort, F16>(device, slab, to),
            ElementType.BF16 => byFour ? From4<UShort4, BF16x4>(device, slab, to) ?? From<ushort, BF16>(device, slab, to) : From<ushort, BF16>(device, slab, to),
            ElementType.I8 => From<sbyte, I8>(device, slab, to),
            ElementType.F64 => to == ElementType.F32 ? From<double, F64>(device, slab, to) : From<double, F64Odd>(device, slab, to),
            _ => null,
        };
    }

    private static GatherLaunch Copy<TUnit>(GpuDevice device, Slab slab)
        where TUnit : unmanaged
    {
        var kernel = GatherKernel<TUnit>.Load(device);
        int unitCount = slab.Layout.DataByteCount / Interop.SizeOf<TUnit>();
        int shift = Walk.LaneShift(unitCount, device.GroupSize);
        return (stream, slots, destination, versions) => kernel(
            stream, device.Grid(slots.Length << shift), slab.As<TUnit>(), slab.Stride<TUnit>(), slots, unitCount, shift, destination.Cast<TUnit>(), slab.Words, versions);
    }

    private static GatherLaunch From<TStored, TWiden>(GpuDevice device, Slab slab, ElementType to)
        where TStored : unmanaged
        where TWiden : unmanaged, IWiden<TStored, float> => to switch
        {
            ElementType.F32 => Convert<TStored, float, float, TWiden, F32>(device, slab, 1),
            ElementType.F16 => Convert<TStored, float, ushort, TWiden, F16>(device, slab, 1),
            ElementType.BF16 => Convert<TStored, float, ushort, TWiden, BF16>(device, slab, 1),
            _ => Convert<TStored, float, double, TWiden, F64>(device, slab, 1),
        };

    private static GatherLaunch? From4<TStored, TWiden>(GpuDevice device, Slab slab, ElementType to)
        where TStored : unmanaged
        where TWiden : unmanaged, IWiden<TStored, Float4> => to switch
        {
            ElementType.F32 => Convert<TStored, Float4, Float4, TWiden, F32x4>(device, slab, 4),
            ElementType.F16 => Convert<TStored, Float4, UShort4, TWiden, F16x4>(device, slab, 4),
            ElementType.BF16 => Convert<TStored, Float4, UShort4, TWiden, BF16x4>(device, slab, 4),
            _ => null,
        };

    private static GatherLaunch Convert<TStored, TNumber, TAnswer, TWiden, TNarrow>(GpuDevice device, Slab slab, int pack)
        where TStored : unmanaged
        where TNumber : unmanaged
        where TAnswer : unmanaged
        where TWiden : unmanaged, IWiden<TStored, TNumber>
        where TNarrow : unmanaged, INarrow<TNumber, TAnswer>
    {
        var kernel = ConvertKernel<TStored, TNumber, TAnswer, TWiden, TNarrow>.Load(device);
        int unitCount = slab.Layout.Rows.Width / pack;
        int shift = Walk.LaneShift(unitCount, device.GroupSize);
        return (stream, slots, destination, versions) => kernel(
            stream, device.Grid(slots.Length << shift), slab.As<TStored>(), slab.Stride<TStored>(), slots, unitCount, shift, destination.Cast<TAnswer>(), slab.Words, versions);
    }

    private static GatherLaunch Scaled<TAnswer, TNarrow>(GpuDevice device, Slab slab)
        where TAnswer : unmanaged
        where TNarrow : unmanaged, INarrow<float, TAnswer>
    {
        var kernel = ScaledKernel<TAnswer, TNarrow>.Load(device);
        int width = slab.Layout.Rows.Width;
        int shift = Walk.LaneShift(width, device.GroupSize);
        return (stream, slots, destination, versions) => kernel(
            stream, device.Grid(slots.Length << shift), slab.As<sbyte>(), slab.As<float>(), slab.Layout.StrideByteCount, slots, width, shift, destination.Cast<TAnswer>(), slab.Words, versions);
    }
}
