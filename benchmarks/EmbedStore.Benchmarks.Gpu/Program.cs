using System.Globalization;
using EmbedStore.Benchmarks.Gpu;
using EmbedStore.Gpu;
using Microsoft.Extensions.Logging.Abstractions;

// Checks every kernel against its reference, measures them, and prints one Markdown table. Without a device the checks run on the processor, and no figure is measured.
// Arguments: the device as in GpuOptions (default: auto), and rows of the large table (default: 64 M, or what fits).
// Exit code: 0 · 1: a kernel gave something else than its reference · 2: an argument is wrong, or the device that it names is not there.
const int Refused = 2;
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
string name = args.Length > 0 ? args[0] : GpuOptions.Auto;
long rowCount = 64_000_000;
if (args.Length > 2 || (args.Length == 2 && !(long.TryParse(args[1], NumberStyles.None, CultureInfo.InvariantCulture, out rowCount) && rowCount > 0)))
{
    Console.Error.WriteLine("Usage: EmbedStore.Benchmarks.Gpu [auto|cuda:N|cpu] [rows of the large table]");
    return Refused;
}

try
{
    using GpuDevice? found = GpuDevice.Open(new GpuOptions { Device = name }, NullLogger.Instance);
    using GpuDevice? processor = found is null ? GpuDevice.Open(new GpuOptions { Device = GpuOptions.Processor }, NullLogger.Instance) : null;
    return Run((found ?? processor)!, rowCount) ? 0 : 1;
}
catch (Exception refusal) when (refusal is DeviceMissingException or ArgumentException)
{
    Console.Error.WriteLine(refusal.Message);
    return Refused;
}

// True: every kernel gave what its reference gives.
static bool Run(GpuDevice device, long rowCount)
{
    Console.WriteLine($"Device: {device.Description}; driver {Machine.Driver()}; {DateTime.UtcNow:yyyy-MM-dd HH:mm} UTC; commit {Machine.Commit()}");
    if (device.IsProcessor)
    {
        Console.WriteLine($"No GPU: kernels are checked on the processor, and every figure is {Figure.NotMeasured}.");
    }

    Console.WriteLine();
    IReadOnlyList<Check> checks = KernelChecks.Run(device);
    Console.WriteLine("| kernel | against its reference |");
    Console.WriteLine("|---|---|");
    foreach (Check check in checks)
    {
        Console.WriteLine($"| {check.Name} | {check.Outcome} |");
    }

    Console.WriteLine();
    IReadOnlyList<Figure> figures = device.IsProcessor ? Figures.NotMeasured() : Figures.Measure(device, rowCount);
    Console.WriteLine("| figure | measured | to reach | ratio |");
    Console.WriteLine("|---|---|---|---|");
    foreach (Figure figure in figures)
    {
        Console.WriteLine($"| {figure.Name} | {figure.Measured} | {figure.Goal} | {figure.Ratio} |");
    }

    return checks.All(static check => check.IsGood);
}
