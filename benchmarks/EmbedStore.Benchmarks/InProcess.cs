using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Toolchains.InProcess.Emit;

namespace EmbedStore.Benchmarks;

/// <summary>How benchmarks run: in this process, because a project that is built for each one would need every registry again.</summary>
public static class InProcess
{
    public static IConfig Config { get; } = Of(Job.ShortRun);

    /// <summary>The default configuration with this job.</summary>
    public static IConfig Of(Job job) => DefaultConfig.Instance.AddJob(job.WithToolchain(InProcessEmitToolchain.Instance));
}
