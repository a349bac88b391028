using System.Collections.Concurrent;

namespace EmbedStore.Gpu;

/// <summary>The lanes of a device. Nobody waits for one: a request that finds none is served without the device.</summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class LanePool : IDisposable
{
    private readonly GpuDevice _device;
    private readonly ConcurrentBag<Lane> _free = [];

    /// <param name="device">Whose.</param>
    /// <param name="options">How many, and how large; as many are made as there is memory for.</param>
    public LanePool(GpuDevice device, GpuOptions options)
    {
        _device = device;
        for (int i = 0; i < options.StreamCount && Lane.TryMake(device, options.StagingBytes) is { } lane; i++)
        {
            _free.Add(lane);
            Count++;
        }
    }

    /// <summary>Lanes, lent or not.</summary>
    public int Count { get; }

    /// <summary>Lends a lane.</summary>
    /// <returns>Null when all are in use, or the device is off.</returns>
    public Lane? TryRent()
    {
        if (!_device.IsOn || !_free.TryTake(out Lane? lane))
        {
            return null;
        }

        lane.First.Clear();
        lane.Second.Clear();
        return lane;
    }

    /// <summary>Takes it back. After a fault it may still be written to, and is not lent again.</summary>
    public void Return(Lane lane)
    {
        if (_device.IsOn)
        {
            _free.Add(lane);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        while (_free.TryTake(out Lane? lane))
        {
            lane.Dispose();
        }
    }
}
