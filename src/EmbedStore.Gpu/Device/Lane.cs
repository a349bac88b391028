using ILGPU;
using ILGPU.Runtime;

namespace EmbedStore.Gpu;

/// <summary>What one request works with on the device: two halves, so that one is filled while the other is copied and computed.</summary>
/// <remarks>Made once and lent to one thread at a time.</remarks>
internal sealed class Lane : IDisposable
{
    private Lane(LaneHalf first, LaneHalf second) => (First, Second) = (first, second);

    /// <summary>One half.</summary>
    public LaneHalf First { get; }

    /// <summary>The other.</summary>
    public LaneHalf Second { get; }

    /// <summary>By turns.</summary>
    public LaneHalf Half(int turn) => (turn & 1) == 0 ? First : Second;

    /// <returns>Null when the device has no memory for it.</returns>
    public static Lane? TryMake(GpuDevice device, int stagingByteCount)
    {
        LaneHalf? first = LaneHalf.TryMake(device, stagingByteCount / 2);
        LaneHalf? second = first is null ? null : LaneHalf.TryMake(device, stagingByteCount / 2);
        if (second is null)
        {
            first?.Dispose();
            return null;
        }

        return new Lane(first!, second);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        First.Dispose();
        Second.Dispose();
    }
}

/// <summary>A stream with as much pinned memory as it has on the device.</summary>
internal sealed class LaneHalf : IDisposable
{
    /// <summary>Parts of a buffer begin at multiples of this. Unit: bytes.</summary>
    private const int Alignment = 16;

    private readonly GpuDevice _device;
    private readonly PageLockedArray1D<byte> _pinned;
    private readonly MemoryBuffer1D<byte, Stride1D.Dense> _memory;
    private int _taken;

    private LaneHalf(GpuDevice device, MemoryBuffer1D<byte, Stride1D.Dense> memory)
    {
        (_device, _memory) = (device, memory);
        _pinned = device.Accelerator.AllocatePageLocked1D<byte>(memory.Length, uninitialized: true);
        Stream = device.Accelerator.CreateStream();
    }

    /// <summary>What happens here happens in order.</summary>
    public AcceleratorStream Stream { get; }

    /// <summary>Unit: bytes.</summary>
    public int ByteCount => (int)_memory.Length;

    /// <returns>Null when the device has no memory for it.</returns>
    public static LaneHalf? TryMake(GpuDevice device, int byteCount)
    {
        if (device.TryAllocate<byte>(byteCount) is not { } memory)
        {
            return null;
        }

        try
        {
            return new LaneHalf(device, memory);
        }
        catch (Exception e) when (GpuDevice.IsDeviceFault(e))
        {
            memory.Dispose();
            return null;
        }
    }

    /// <summary>What some elements take of a half. Unit: bytes.</summary>
    public static int SizeOf<T>(int count)
        where T : unmanaged => checked(((count * Interop.SizeOf<T>()) + Alignment - 1) / Alignment * Alignment);

    /// <summary>Begins anew: whatever was taken is free.</summary>
    public void Clear() => _taken = 0;

    /// <summary>Takes a part, which lies at the same place in pinned memory and on the device.</summary>
    /// <exception cref="ArgumentOutOfRangeException">So much is not left.</exception>
    public Part<T> Take<T>(int count)
        where T : unmanaged
    {
        int start = _taken;
        int byteCount = SizeOf<T>(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(byteCount, ByteCount - start, nameof(count));
        _taken += byteCount;
        return new Part<T>(start, count);
    }

    /// <summary>What is left. Unit: bytes.</summary>
    public int FreeByteCount => ByteCount - _taken;

    /// <summary>A part in pinned memory.</summary>
    public Span<T> Host<T>(Part<T> part)
        where T : unmanaged => System.Runtime.InteropServices.MemoryMarshal.Cast<byte, T>(_pinned.Span.Slice(part.Start, part.Count * Interop.SizeOf<T>()));

    /// <summary>A part on the device.</summary>
    public ArrayView<T> Device<T>(Part<T> part)
        where T : unmanaged => ((ArrayView<byte>)_memory.View).SubView(part.Start, (long)part.Count * Interop.SizeOf<T>()).Cast<T>();

    /// <summary>Sends a part there, after what the stream was given before.</summary>
    public void Upload<T>(Part<T> part)
        where T : unmanaged
    {
        if (part.Count > 0)
        {
            _device.Step(DeviceStep.Upload);
            BytesOf(_memory.View, part).CopyFrom(Stream, BytesOf(_pinned.ArrayView, part));
        }
    }

    /// <summary>Brings a part back, after what the stream was given before.</summary>
    public void Download<T>(Part<T> part)
        where T : unmanaged
    {
        if (part.Count > 0)
        {
            _device.Step(DeviceStep.Download);
            BytesOf(_memory.View, part).CopyTo(Stream, BytesOf(_pinned.ArrayView, part));
        }
    }

    /// <summary>Waits for the stream.</summary>
    public void Wait() => _device.Wait(Stream);

    /// <inheritdoc/>
    public void Dispose()
    {
        Stream.Dispose();
        _pinned.Dispose();
        _memory.Dispose();
    }

    private static ArrayView<byte> BytesOf<T>(ArrayView<byte> bytes, Part<T> part)
        where T : unmanaged => bytes.SubView(part.Start, (long)part.Count * Interop.SizeOf<T>());
}

/// <summary>A part of a half.</summary>
/// <param name="Start">Unit: bytes.</param>
/// <param name="Count">Unit: elements.</param>
internal readonly record struct Part<T>(int Start, int Count)
    where T : unmanaged;
