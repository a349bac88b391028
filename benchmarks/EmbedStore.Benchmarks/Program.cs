using BenchmarkDotNet.Running;
using EmbedStore.Benchmarks;

BenchmarkSwitcher.FromAssembly(typeof(GatherBenchmarks).Assembly).Run(args, InProcess.Config);
