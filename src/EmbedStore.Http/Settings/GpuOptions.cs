using System.ComponentModel;
using System.Globalization;

namespace EmbedStore.Http;

/// <summary>The device that keeps rows above the processor's memory. Bound from <c>EmbedStore:Gpu</c>. Only the silo program can use one; any other refuses to start when a certain one is asked for.</summary>
public sealed class GpuOptions
{
    /// <summary>A device when there is one.</summary>
    public const string Auto = "auto";

    /// <summary>No device.</summary>
    public const string None = "none";

    /// <summary>The processor in place of a device: slow, for tests.</summary>
    public const string Processor = "cpu";

    private const string CudaPrefix = "cuda:";

    /// <summary><see cref="Auto"/>: the first CUDA device, or none when there is none · <see cref="None"/> · <c>cuda:N</c>: that one, and no start without it · <see cref="Processor"/>. Default: <see cref="Auto"/>.</summary>
    [Description("GPU: auto, none, cuda:N (no start without it), or cpu for tests")]
    public string Device { get; set; } = Auto;

    /// <summary>Device memory for rows of all tables together. Unit: bytes. Default: 0, four fifths of what is free. Range: 0, or [1 MiB, 4 TiB].</summary>
    [Description("bytes of device memory for rows, 0 = four fifths of what is free")]
    public long MemoryBytes { get; set; }

    /// <summary>Pinned memory of one stream, and as much on the device: what a request moves at a time. Unit: bytes. Default: 16 MiB. Range: [64 KiB, 1 GiB].</summary>
    [Description("bytes that a stream moves at a time, pinned here and as many there")]
    public int StagingBytes { get; set; } = 16 << 20;

    /// <summary>Requests that the device serves at a time; one more is served without it. Default: 4. Range: [1, 64].</summary>
    [Description("requests that the device serves at a time")]
    public int StreamCount { get; set; } = 4;

    /// <summary>Time that changed rows are collected before they go to the device; until then the processor's memory serves them. Form: <c>hours:minutes:seconds</c>. Default: 1 ms. Range: [1 ms, 1 s].</summary>
    [Description("time that changed rows are collected before they go to the device")]
    public TimeSpan FlushInterval { get; set; } = TimeSpan.FromMilliseconds(1);

    /// <summary>Time for each measurement, at start, of what the device is worth. Form: <c>hours:minutes:seconds</c>. Default: 5 ms. Range: [0, 1 s]; 0 measures nothing and uses the device for all that it can do.</summary>
    [Description("time for each measurement of the device at start, 0 = use it always")]
    public TimeSpan CalibrationTime { get; set; } = TimeSpan.FromMilliseconds(5);

    /// <summary>Whether <see cref="Device"/> is one of its forms.</summary>
    internal bool IsKnown => Device is Auto or None or Processor
        || (Device.StartsWith(CudaPrefix, StringComparison.Ordinal) && int.TryParse(Device.AsSpan(CudaPrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out _));

    /// <summary>Whether there is no start without the device.</summary>
    internal bool IsRequired => Device is not (Auto or None);
}
