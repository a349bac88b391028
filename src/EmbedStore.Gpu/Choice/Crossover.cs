using Microsoft.Extensions.Logging;

namespace EmbedStore.Gpu;

/// <summary>What a device and the processor need for an operation: a fixed time, and a time for each unit of work.</summary>
/// <param name="DeviceFixed">Of a call. Unit: seconds.</param>
/// <param name="DeviceUnit">Unit: seconds.</param>
/// <param name="ProcessorUnit">Unit: seconds.</param>
internal readonly record struct OperationCost(double DeviceFixed, double DeviceUnit, double ProcessorUnit)
{
    /// <summary>Work from which on the device is faster; infinite when it never is.</summary>
    public double From => ProcessorUnit > DeviceUnit ? DeviceFixed / (ProcessorUnit - DeviceUnit) : double.PositiveInfinity;

    /// <summary>Two measurements of the device make a line.</summary>
    /// <param name="fewUnits">Work of the first.</param>
    /// <param name="few">Its time.</param>
    /// <param name="manyUnits">Work of the second, more than the first.</param>
    /// <param name="many">Its time.</param>
    /// <param name="processorUnit">Of the processor.</param>
    public static OperationCost Of(double fewUnits, double few, double manyUnits, double many, double processorUnit)
    {
        double unit = Math.Max((many - few) / (manyUnits - fewUnits), 0);
        return new OperationCost(Math.Max(few - (unit * fewUnits), 0), unit, processorUnit);
    }
}

/// <summary>Which operations the device serves faster than the processor, measured at start, by size.</summary>
/// <remarks>Units of work: bytes for gathers and bags; products, queries × rows × width, for searches. Immutable.</remarks>
internal sealed partial class Crossover
{
    private readonly bool _isForced;

    private Crossover(bool isForced, OperationCost gather, OperationCost bag, OperationCost nearest) =>
        (_isForced, Gather, Bag, Nearest) = (isForced, gather, bag, nearest);

    /// <summary>Rows to the processor. Unit of work: bytes.</summary>
    public OperationCost Gather { get; }

    /// <summary>Rows pooled. Unit of work: bytes of rows.</summary>
    public OperationCost Bag { get; }

    /// <summary>A search. Unit of work: products.</summary>
    public OperationCost Nearest { get; }

    /// <summary>Measures.</summary>
    /// <param name="device">It is given up when it fails here.</param>
    /// <param name="lanes">One is used.</param>
    /// <param name="time">For each measurement; 0: none are made, and the device is used for all.</param>
    /// <param name="logger">Told the result.</param>
    public static Crossover Measure(GpuDevice device, LanePool lanes, TimeSpan time, ILogger logger)
    {
        if (time == TimeSpan.Zero)
        {
            return new Crossover(true, default, default, default);
        }

        (OperationCost gather, OperationCost bag, OperationCost nearest) = Calibration.Run(device, lanes, time);
        LogCrossover(logger, gather.From, bag.From, nearest.From);
        return new Crossover(false, gather, bag, nearest);
    }

    /// <summary>Whether rows are read from the device.</summary>
    public bool Reads(long rowCount, int rowByteCount) => _isForced || (double)rowCount * rowByteCount > Gather.From;

    /// <summary>Whether bags are pooled there.</summary>
    public bool Pools(long rowCount, int rowByteCount) => _isForced || (double)rowCount * rowByteCount > Bag.From;

    /// <summary>Whether a table is searched there.</summary>
    public bool Searches(long queryCount, long rowCount, int width) => _isForced || (double)queryCount * rowCount * width > Nearest.From;

    [LoggerMessage(EventId = 6020, Level = LogLevel.Information, Message = "The device serves gathers from {GatherBytes} bytes, bags from {BagBytes} bytes of rows, searches from {NearestProducts} products.")]
    private static partial void LogCrossover(ILogger logger, double gatherBytes, double bagBytes, double nearestProducts);
}
