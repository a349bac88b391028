using System.Diagnostics;

namespace EmbedStore.Load;

/// <summary>Processor time of a process, on all cores together.</summary>
internal readonly record struct ProcessorUse(TimeSpan Total, TimeSpan Kernel)
{
    /// <summary>Of this process so far.</summary>
    public static ProcessorUse Here => new(Environment.CpuUsage.TotalTime, Environment.CpuUsage.PrivilegedTime);

    /// <summary>Of another process so far.</summary>
    public static ProcessorUse Of(Process process)
    {
        process.Refresh();
        return new ProcessorUse(process.TotalProcessorTime, process.PrivilegedProcessorTime);
    }

    public static ProcessorUse operator +(ProcessorUse one, ProcessorUse other) => new(one.Total + other.Total, one.Kernel + other.Kernel);

    public static ProcessorUse operator -(ProcessorUse one, ProcessorUse other) => new(one.Total - other.Total, one.Kernel - other.Kernel);
}
