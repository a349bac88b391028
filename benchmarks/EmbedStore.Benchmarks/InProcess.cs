using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Toolchains.InProcess.Emit;

namespace EmbedStore.Benchmarks;

/// <summary>How benchmarks run: in this process, because a project that is built for each one would need every registry again.</summary>
public static class InProcess
{
    public static IConfig Config { get; } = DefaultConfig.Instance.AddJob(Of(Job.ShortRun));

    public static Job Of(Job job) => job.WithToolchain(InProcessEmitToolchain.Instance);
}
