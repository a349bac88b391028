using ILGPU;
using ILGPU.Runtime;

namespace EmbedStore.Gpu;

/// <summary>The distinct rows of a batch, found on the device by <see cref="UniqueKernel"/>.</summary>
/// <remarks>Takes device memory for itself, so it is for batches of training, not for a request that must allocate nothing. One thread.</remarks>
internal sealed class DeviceUnique : IDisposable
{
    private readonly MemoryBuffer1D<ulong, Stride1D.Dense> _order;
    private readonly MemoryBuffer1D<int, Stride1D.Dense> _heads;
    private readonly MemoryBuffer1D<int, Stride1D.Dense> _rows;
    private readonly MemoryBuffer1D<int, Stride1D.Dense> _begins;
    private readonly int _count;

    /// <param name="device">Where.</param>
    /// <param name="entries">Shape [n]: the row of each entry, at least 0. n is at least 1.</param>
    public DeviceUnique(GpuDevice device, ReadOnlySpan<int> entries)
    {
        _count = entries.Length;
        long length = Math.Max((long)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)_count), UniqueKernel.TileLength);
        ulong[] order = new ulong[length];
        for (int i = 0; i < order.Length; i++)
        {
            order[i] = i < _count ? UniqueKernel.Entry(entries[i], i) : UniqueKernel.None;
        }

        Accelerator accelerator = device.Accelerator;
        _order = accelerator.Allocate1D(order);
        _heads = accelerator.Allocate1D(new int[(length / UniqueKernel.TileLength) + 1]);
        _rows = accelerator.Allocate1D<int>(_count);
        _begins = accelerator.Allocate1D<int>(_count + 1);
        Sort(device);
        Compact(device);
        int unique = _heads.GetAsArray1D()[^1];
        RowsView = _rows.View.SubView(0, unique);
        BeginsView = _begins.View.SubView(0, unique + 1);
    }

    /// <summary>Shape [n]: entries by row, then by position.</summary>
    public ArrayView<ulong> OrderView => _order.View;

    /// <summary>Shape [U]: rows, rising.</summary>
    public ArrayView<int> RowsView { get; }

    /// <summary>Shape [U + 1].</summary>
    public ArrayView<int> BeginsView { get; }

    /// <summary><see cref="RowsView"/>, here.</summary>
    public int[] Rows => _rows.GetAsArray1D()[..(int)RowsView.Length];

    /// <summary><see cref="BeginsView"/>, here.</summary>
    public int[] Begins => _begins.GetAsArray1D()[..(int)BeginsView.Length];

    /// <summary>Positions of the entries in their order, here.</summary>
    public int[] Positions => [.. _order.GetAsArray1D().Take(_count).Select(static entry => (int)(entry & int.MaxValue))];

    /// <inheritdoc/>
    public void Dispose()
    {
        _order.Dispose();
        _heads.Dispose();
        _rows.Dispose();
        _begins.Dispose();
    }

    private void Sort(GpuDevice device)
    {
        AcceleratorStream stream = device.Accelerator.DefaultStream;
        var tiles = UniqueKernel.LoadSortTiles(device);
        var far = UniqueKernel.LoadExchangeFar(device);
        KernelConfig groups = device.Grid(_order.Length / UniqueKernel.TileLength * device.GroupSize);
        tiles(stream, groups, _order.View, 2, UniqueKernel.TileLength);
        for (long size = 2 * UniqueKernel.TileLength; size <= _order.Length; size *= 2)
        {
            for (long stride = size / 2; stride >= UniqueKernel.TileLength; stride /= 2)
            {
                far(stream, device.Grid(_order.Length / 2), _order.View, size, stride);
            }

            tiles(stream, groups, _order.View, size, size);
        }
    }

    private void Compact(GpuDevice device)
    {
        AcceleratorStream stream = device.Accelerator.DefaultStream;
        KernelConfig groups = device.Grid((_heads.Length - 1) * device.GroupSize);
        UniqueKernel.LoadCountHeads(device)(stream, groups, _order.View, _count, _heads.View);
        UniqueKernel.LoadSumHeads(device)(stream, new KernelConfig(1, device.GroupSize), _heads.View);
        UniqueKernel.LoadCompact(device)(stream, groups, _order.View, _count, _heads.View, _rows.View, _begins.View);
        stream.Synchronize();
    }
}
