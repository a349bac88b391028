namespace EmbedStore.Gpu;

/// <summary>Which device keeps rows, and what it may take.</summary>
/// <remarks>Immutable; an invalid one cannot be built.</remarks>
public sealed record GpuOptions
{
    /// <summary>A device when there is one.</summary>
    public const string Auto = "auto";

    /// <summary>No device.</summary>
    public const string None = "none";

    /// <summary>The device that tests run kernels on: no more than a processor.</summary>
    public const string Processor = "cpu";

    private const string CudaPrefix = "cuda:";
    private const long MemoryByteCountMin = 1L << 20;
    private const long MemoryByteCountMax = 1L << 42;
    private const int StagingByteCountMin = 1 << 16;
    private const int StagingByteCountMax = 1 << 30;
    private const int StreamCountMax = 64;

    /// <summary><c>auto</c>: the first CUDA device when there is one · <c>none</c> · <c>cuda:N</c>: that one · <c>cpu</c>: kernels on the processor, slow, for tests. Default: auto.</summary>
    /// <exception cref="ArgumentException">The value is none of these.</exception>
    public string Device
    {
        get;
        init => field = value is Auto or None or Processor || CudaIndexOf(value) is not null
            ? value
            : throw new ArgumentException($"Must be auto, none, cpu or cuda:N; was \"{value}\".", nameof(Device));
    } = Auto;

    /// <summary>Device memory for rows of all tables together. Unit: bytes. Default: 0, four fifths of what is free. Range: 0, or [1 MiB, 4 TiB].</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is outside the range.</exception>
    public long MemoryBytes
    {
        get;
        init => field = value is 0 or (>= MemoryByteCountMin and <= MemoryByteCountMax)
            ? value
            : throw new ArgumentOutOfRangeException(nameof(MemoryBytes), value, $"Must be 0, or in [{MemoryByteCountMin}, {MemoryByteCountMax}] bytes.");
    }

    /// <summary>Pinned memory of one stream, and as much on the device: what a request moves at a time. Unit: bytes. Default: 16 MiB. Range: [64 KiB, 1 GiB].</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is outside the range.</exception>
    public int StagingBytes
    {
        get;
        init => field = value is >= StagingByteCountMin and <= StagingByteCountMax
            ? value
            : throw new ArgumentOutOfRangeException(nameof(StagingBytes), value, $"Must be in [{StagingByteCountMin}, {StagingByteCountMax}] bytes.");
    } = 16 << 20;

    /// <summary>Requests that the device serves at a time; one more is served without it. Default: 4. Range: [1, 64].</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is outside the range.</exception>
    public int StreamCount
    {
        get;
        init => field = value is >= 1 and <= StreamCountMax
            ? value
            : throw new ArgumentOutOfRangeException(nameof(StreamCount), value, $"Must be in [1, {StreamCountMax}].");
    } = 4;

    /// <summary>Time that changed rows are collected before they go to the device; until then the processor's memory serves them. Default: 1 ms. Range: [1 ms, 1 s].</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is outside the range.</exception>
    public TimeSpan FlushInterval
    {
        get;
        init => field = value >= TimeSpan.FromMilliseconds(1) && value <= TimeSpan.FromSeconds(1)
            ? value
            : throw new ArgumentOutOfRangeException(nameof(FlushInterval), value, "Must be in [1 ms, 1 s].");
    } = TimeSpan.FromMilliseconds(1);

    /// <summary>Time for each measurement of what the device is worth. Default: 5 ms. Range: [0, 1 s]. 0: it is used for everything it can do.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is outside the range.</exception>
    public TimeSpan CalibrationTime
    {
        get;
        init => field = value >= TimeSpan.Zero && value <= TimeSpan.FromSeconds(1)
            ? value
            : throw new ArgumentOutOfRangeException(nameof(CalibrationTime), value, "Must be in [0, 1 s].");
    } = TimeSpan.FromMilliseconds(5);

    /// <summary>N of <c>cuda:N</c>; null for any other text.</summary>
    internal static int? CudaIndexOf(string? device) =>
        device?.StartsWith(CudaPrefix, StringComparison.Ordinal) == true
        && int.TryParse(device.AsSpan(CudaPrefix.Length), System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out int index)
            ? index
            : null;
}
