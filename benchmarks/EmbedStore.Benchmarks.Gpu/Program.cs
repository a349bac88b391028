using System.Globalization;
using EmbedStore.Benchmarks.Gpu;
using EmbedStore.Gpu;
using Microsoft.Extensions.Logging.Abstractions;

// Checks every kernel against its reference, measures them, and prints one Markdown table. Without a device the checks run on the processor, and no figure is measured.
// Arguments: the device as in GpuOptions (default: auto), and rows of the large table (default: 64 M, or what fits).
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
string name = args.Length > 0 ? args[0] : "auto";
long rowCount = args.Length > 1 ? long.Parse(args[1], CultureInfo.InvariantCulture) : 64_000_000;

using GpuDevice? found = GpuDevice.TryOpen(new GpuOptions { Device = name }, NullLogger.Instance);
using GpuDevice? processor = found is null ? GpuDevice.TryOpen(new GpuOptions { Device = GpuOptions.Processor }, NullLogger.Instance) : null;
GpuDevice device = found ?? processor ?? throw new InvalidOperationException("Not even the processor runs kernels.");
bool isMeasured = found is { IsProcessor: false };

Console.WriteLine($"Device: {device.Description}; driver {Machine.Driver()}; {DateTime.UtcNow:yyyy-MM-dd HH:mm} UTC; commit {Machine.Commit()}");
Console.WriteLine();
IReadOnlyList<Check> checks = KernelChecks.Run(device);
Console.WriteLine("| kernel | against its reference |");
Console.WriteLine("|---|---|");
foreach (Check check in checks)
{
    Console.WriteLine($"| {check.Name} | {check.Outcome} |");
}

Console.WriteLine();
IReadOnlyList<Figure> figures = isMeasured ? Figures.Measure(device, rowCount) : Figures.NotMeasured();
Console.WriteLine("| figure | measured | to reach | ratio |");
Console.WriteLine("|---|---|---|---|");
foreach (Figure figure in figures)
{
    Console.WriteLine($"| {figure.Name} | {figure.Measured} | {figure.Goal} | {figure.Ratio} |");
}

return checks.All(static check => check.IsGood) ? 0 : 1;
