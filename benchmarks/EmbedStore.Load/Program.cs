using System.Diagnostics;
using EmbedStore.Load;

const int UsageExitCode = 2;
IWorkload[] workloads =
[
    new GatherWorkload(), new HttpWorkload(), new ProcessorWorkload(), new LocalWorkload(), new TablesWorkload(), new LatencyWorkload(), new BagWorkload(), new LookupWorkload(), new NearestWorkload(), new TrainingWorkload(), new SnapshotWorkload(),
    new DurableWorkload(), new MemoryWorkload(), new PrefetchWorkload(), new ResidentWorkload(), new GrowthWorkload(),
];
string[] names = [.. workloads.Select(static workload => workload.Name)];
LoadOptions? options;
try
{
    options = LoadOptions.Parse(args, names);
}
catch (UsageException refusal)
{
    Console.Error.WriteLine(refusal.Message);
    return UsageExitCode;
}

if (options is null)
{
    Console.WriteLine(LoadOptions.Usage);
    Console.WriteLine("                        " + string.Join(", ", names));
    return 0;
}

IDisposable[] signals = Cleanup.OnSignals();
try
{
    var result = new ResultFile(options);
    using (var stage = new Stage(options))
    {
        foreach (IWorkload workload in workloads.Where(workload => options.Only.Count == 0 || options.Only.Contains(workload.Name)))
        {
            long start = Stopwatch.GetTimestamp();
            result.Add(workload, workload.Run(stage));
            Console.Error.WriteLine($"{workload.Name}: {Stopwatch.GetElapsedTime(start).TotalSeconds:0.0} s");
        }
    }

    string text = result.Write();
    Console.WriteLine(text);
    if (!options.IsSmoke)
    {
        Console.Error.WriteLine("written: " + result.Save(text));
    }

    return 0;
}
catch (Exception) when (Cleanup.IsInterrupted)
{
    return Cleanup.InterruptedExitCode;
}
catch (Exception failure)
{
    Console.Error.WriteLine(failure is WrongAnswerException ? failure.Message : failure);
    return 1;
}
finally
{
    Cleanup.Run();
    Array.ForEach(signals, static signal => signal.Dispose());
}
