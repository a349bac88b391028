using ILGPU;
using ILGPU.Runtime;

namespace EmbedStore.Gpu;

/// <summary>Device memory of one table: rows in slots, and a version for each.</summary>
/// <remarks>Allocated once. Who reads and who writes slots is the table's business.</remarks>
internal sealed class Slab : IDisposable
{
    /// <summary>Fewer slots are not worth a table's place on the device.</summary>
    public const int SlotCountMin = 64;

    private readonly MemoryBuffer1D<byte, Stride1D.Dense> _rows;
    private readonly MemoryBuffer1D<long, Stride1D.Dense> _words;

    private Slab(RowLayout layout, int slotCount, MemoryBuffer1D<byte, Stride1D.Dense> rows, MemoryBuffer1D<long, Stride1D.Dense> words)
    {
        (Layout, SlotCount, _rows, _words) = (layout, slotCount, rows, words);
        Words = words.View;
    }

    /// <summary>How rows lie.</summary>
    public RowLayout Layout { get; }

    /// <summary>Rows that it has place for.</summary>
    public int SlotCount { get; }

    /// <summary>Unit: bytes, exact.</summary>
    public long ByteCount => _rows.LengthInBytes + _words.LengthInBytes;

    /// <summary>Shape [slots]: the LSN of each row's last change, 0 for none.</summary>
    public ArrayView<long> Words { get; }

    /// <summary>Takes memory for as many slots as there is memory for: half of them, and half of that, until it fits.</summary>
    /// <param name="device">Where.</param>
    /// <param name="layout">Of the rows.</param>
    /// <param name="slotCount">At most. At least <see cref="SlotCountMin"/>.</param>
    /// <returns>Null when not even few fit.</returns>
    public static Slab? TryAllocate(GpuDevice device, RowLayout layout, int slotCount)
    {
        for (; slotCount >= SlotCountMin && device.IsOn; slotCount /= 2)
        {
            if (device.TryAllocate<byte>((long)slotCount * layout.StrideByteCount) is { } rows)
            {
                if (device.TryAllocate<long>(slotCount) is { } words)
                {
                    rows.MemSetToZero();
                    words.MemSetToZero();
                    device.Accelerator.Synchronize();
                    return new Slab(layout, slotCount, rows, words);
                }

                rows.Dispose();
            }
        }

        return null;
    }

    /// <summary>The rows as elements of some size.</summary>
    public ArrayView<T> As<T>()
        where T : unmanaged => ((ArrayView<byte>)_rows.View).Cast<T>();

    /// <summary>From a slot to the next. Unit: elements of a size.</summary>
    public long Stride<T>()
        where T : unmanaged => Layout.StrideByteCount / Interop.SizeOf<T>();

    /// <inheritdoc/>
    public void Dispose()
    {
        _rows.Dispose();
        _words.Dispose();
    }
}
