using System.Diagnostics.CodeAnalysis;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;
using ILGPU.Runtime.Cuda;
using Microsoft.Extensions.Logging;

namespace EmbedStore.Gpu;

/// <summary>One accelerator: what is allocated on it, and whether it can be trusted.</summary>
/// <remarks>
/// <para>Thread-safe. A thread binds the accelerator before it uses it (<see cref="Enter"/>); a stream belongs to one thread at a time. Kernels are loaded under one lock.</para>
/// <para>After its first fault it is off for good: whoever used it serves from the processor's memory.</para>
/// </remarks>
public sealed partial class GpuDevice : IDisposable
{
    /// <summary>Groups that each multiprocessor has at a time, at most: enough to hide the latency of memory.</summary>
    private const int GroupsPerMultiprocessor = 32;

    private const int GroupSizeMax = 256;

    private readonly Context _context;
    private readonly ILogger _logger;
    private readonly Lock _loading = new();
    private readonly Dictionary<(Type Kernel, string Name), object> _kernels = [];
    private volatile bool _isFaulty;

    private GpuDevice(Context context, Accelerator accelerator, ILogger logger)
    {
        (_context, Accelerator, _logger) = (context, accelerator, logger);
        GroupSize = PowerOfTwoAtMost(Math.Min(accelerator.MaxNumThreadsPerGroup, GroupSizeMax));
        GroupCountMax = IsProcessor ? 2 : accelerator.NumMultiprocessors * GroupsPerMultiprocessor;
    }

    /// <summary>Name of the device, its memory, and how it is reached.</summary>
    public string Description => FormattableString.Invariant($"{Accelerator.Name} ({Accelerator.AcceleratorType}, {Accelerator.MemorySize >> 20} MiB)");

    /// <summary>True when it is the processor after all: for tests.</summary>
    public bool IsProcessor => Accelerator.AcceleratorType == AcceleratorType.CPU;

    /// <summary>False after a fault.</summary>
    public bool IsOn => !_isFaulty;

    /// <summary>Device memory that nobody has taken. Unit: bytes.</summary>
    public long FreeByteCount => Accelerator is CudaAccelerator cuda ? FreeOf(cuda) : Math.Min(Accelerator.MemorySize, 1L << 30);

    internal Accelerator Accelerator { get; }

    /// <summary>Threads of a group. A power of two.</summary>
    internal int GroupSize { get; }

    /// <summary>Groups of a launch, at most: threads that have more to do go around again.</summary>
    internal int GroupCountMax { get; }

    /// <summary>Tests make the device fail here: called before each step on it, with what the step is.</summary>
    internal Action<DeviceStep>? Fault { get; set; }

    /// <summary>Opens the device that the options name.</summary>
    /// <returns>Null: <c>auto</c> found none, and the log says why; or none is wanted.</returns>
    /// <exception cref="DeviceMissingException">A certain device is named, and is not there.</exception>
    public static GpuDevice? Open(GpuOptions options, ILogger logger)
    {
        if (options.Device == GpuOptions.None)
        {
            return null;
        }

        Context? context = null;
        try
        {
            context = Context.Create(builder => Register(builder, options.Device));
            AcceleratorType wanted = options.Device == GpuOptions.Processor ? AcceleratorType.CPU : AcceleratorType.Cuda;
            Device? found = context.Devices.Where(device => device.AcceleratorType == wanted).Skip(GpuOptions.CudaIndexOf(options.Device) ?? 0).FirstOrDefault();
            if (found is null)
            {
                throw new DeviceMissingException($"there is no device \"{options.Device}\": no driver, or not so many devices.");
            }

            var device = new GpuDevice(context, found.CreateAccelerator(context), logger);
            LogOpened(logger, device.Description);
            return device;
        }
        catch (Exception e) when (e is DeviceMissingException || IsDeviceFault(e))
        {
            context?.Dispose();
            if (options.Device != GpuOptions.Auto)
            {
                throw e as DeviceMissingException ?? new DeviceMissingException($"the device \"{options.Device}\" cannot be used: {e.Message}", e);
            }

            LogNone(logger, e.Message);
            return null;
        }
    }

    /// <summary>Makes the accelerator the calling thread's.</summary>
    internal void Enter() => Accelerator.Bind();

    /// <summary>Called before a step on the device.</summary>
    internal void Step(DeviceStep step) => Fault?.Invoke(step);

    /// <summary>Takes device memory.</summary>
    /// <returns>Null when there is not so much.</returns>
    internal MemoryBuffer1D<T, Stride1D.Dense>? TryAllocate<T>(long count)
        where T : unmanaged
    {
        try
        {
            Enter();
            Step(DeviceStep.Allocate);
            return Accelerator.Allocate1D<T>(count);
        }
        catch (Exception e) when (IsDeviceFault(e) || e is OutOfMemoryException)
        {
            LogNoMemory(_logger, count * Interop.SizeOf<T>(), e.Message);
            return null;
        }
    }

    /// <summary>A kernel, compiled the first time that it is asked for.</summary>
    /// <param name="owner">Class of the kernel, with its type arguments.</param>
    /// <param name="name">Of the method.</param>
    /// <param name="load">Compiles it.</param>
    internal TKernel Load<TKernel>(Type owner, string name, Func<Accelerator, TKernel> load)
        where TKernel : Delegate
    {
        lock (_loading)
        {
            if (!_kernels.TryGetValue((owner, name), out object? kernel))
            {
                Enter();
                _kernels[(owner, name)] = kernel = load(Accelerator);
            }

            return (TKernel)kernel;
        }
    }

    /// <summary>How many groups of threads a launch has.</summary>
    /// <param name="threadCount">Threads that have something to do. At least 1.</param>
    internal KernelConfig Grid(long threadCount) => new((int)Math.Clamp((threadCount + GroupSize - 1) / GroupSize, 1, GroupCountMax), GroupSize);

    /// <summary>Waits for what a stream was given.</summary>
    internal void Wait(AcceleratorStream stream)
    {
        Step(DeviceStep.Wait);
        stream.Synchronize();
    }

    /// <summary>Turns the device off: what it says is not to be believed any more.</summary>
    internal void GiveUp(Exception reason)
    {
        if (!_isFaulty)
        {
            _isFaulty = true;
            LogFault(_logger, reason.Message);
        }
    }

    /// <summary>What a driver, a kernel, or a test in their place throws. A mistake of the program is none of it.</summary>
    internal static bool IsDeviceFault(Exception e) =>
        e is AcceleratorException or InternalCompilerException or DllNotFoundException or EntryPointNotFoundException or DeviceFaultException or OutOfMemoryException
        || (e is NotSupportedException or ArgumentOutOfRangeException or IndexOutOfRangeException && e.Source == "ILGPU")
        || (e is AggregateException aggregate && aggregate.InnerExceptions.All(IsDeviceFault))
        || e.InnerException is { } inner && IsDeviceFault(inner);

    /// <inheritdoc/>
    public void Dispose()
    {
        Accelerator.Dispose();
        _context.Dispose();
    }

    /// <summary>How kernels are compiled. At the highest level the compiler sees that rows are in global memory, and says so in each load.</summary>
    internal static void Configure(Context.Builder builder) => builder.EnableAlgorithms().Optimize(OptimizationLevel.O2);

    private static void Register(Context.Builder builder, string device)
    {
        Configure(builder);
        if (device == GpuOptions.Processor)
        {
            builder.DefaultCPU();
        }
        else
        {
            builder.Cuda();
        }
    }

    [SuppressMessage("Design", "CA1031:Do not catch general exception types", Justification = "A driver that does not answer has nothing to give.")]
    private static long FreeOf(CudaAccelerator cuda)
    {
        try
        {
            cuda.Bind();
            return cuda.GetFreeMemory();
        }
        catch (Exception)
        {
            return 0;
        }
    }

    private static int PowerOfTwoAtMost(int value) => (int)(System.Numerics.BitOperations.RoundUpToPowerOf2((uint)value + 1) / 2);

    [LoggerMessage(EventId = 6001, Level = LogLevel.Information, Message = "Rows may stay on {Device}.")]
    private static partial void LogOpened(ILogger logger, string device);

    [LoggerMessage(EventId = 6002, Level = LogLevel.Information, Message = "No GPU, the processor serves everything: {Reason}")]
    private static partial void LogNone(ILogger logger, string reason);

    [LoggerMessage(EventId = 6003, Level = LogLevel.Warning, Message = "The device has no {ByteCount} bytes: {Reason}.")]
    private static partial void LogNoMemory(ILogger logger, long byteCount, string reason);

    [LoggerMessage(EventId = 6004, Level = LogLevel.Error, Message = "The device failed and is off until the next start: {Reason}. The processor serves everything.")]
    private static partial void LogFault(ILogger logger, string reason);
}

/// <summary>What is about to happen on a device.</summary>
internal enum DeviceStep
{
    /// <summary>Memory is taken.</summary>
    Allocate,

    /// <summary>Bytes go there.</summary>
    Upload,

    /// <summary>Bytes come back.</summary>
    Download,

    /// <summary>A kernel is launched.</summary>
    Launch,

    /// <summary>Somebody waits for a stream.</summary>
    Wait,
}

/// <summary>A device that was asked for by name is not there, or its driver does not let it be used.</summary>
/// <param name="message">Which, and why.</param>
/// <param name="inner">What the driver said.</param>
public sealed class DeviceMissingException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>The device gave what cannot be true, or a test says that it failed.</summary>
internal sealed class DeviceFaultException(string message) : Exception(message);
