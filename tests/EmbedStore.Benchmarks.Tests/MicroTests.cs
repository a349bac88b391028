using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using EmbedStore.Testing;

namespace EmbedStore.Benchmarks.Tests;

/// <summary>A benchmark that nobody runs rots; each is run once here, with the check of its result.</summary>
public sealed class MicroTests
{
    public static TheoryData<Type> Classes =>
        [.. typeof(InProcess).Assembly.GetTypes().Where(static type => type.GetMethods().Any(static method => method.IsDefined(typeof(BenchmarkAttribute), inherit: false)))];

    [Theory]
    [MemberData(nameof(Classes))]
    public void Benchmark_RunOnce_FindsItsResultRight(Type benchmarks)
    {
        using var artifacts = new TemporaryFolder();
        IConfig config = ManualConfig.CreateEmpty().AddJob(InProcess.Of(Job.Dry)).WithArtifactsPath(artifacts.Path);
        Summary summary = BenchmarkRunner.Run(benchmarks, config);
        Assert.False(summary.HasCriticalValidationErrors, string.Join('\n', summary.ValidationErrors));
        Assert.NotEmpty(summary.Reports);
        Assert.All(summary.Reports, static report => Assert.True(report.Success, report.BenchmarkCase.DisplayInfo));
    }
}
