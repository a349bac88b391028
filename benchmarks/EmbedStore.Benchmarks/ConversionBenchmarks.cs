using System.Runtime.InteropServices;
using BenchmarkDotNet.Attributes;
using EmbedStore.Load;
using EmbedStore.Tensors;

namespace EmbedStore.Benchmarks;

/// <summary>Question: what does an answer in another type cost over one in the type that rows are stored in?</summary>
public class ConversionBenchmarks
{
    private const int RowCount = 1024;

    private readonly byte[] _source = new byte[RowCount * Stage.Width * sizeof(double)];
    private readonly byte[] _target = new byte[RowCount * Stage.Width * sizeof(double)];
    private int _count;

    [Params(ElementType.F32, ElementType.F16, ElementType.BF16)]
    public ElementType From { get; set; }

    [Params(ElementType.F32, ElementType.F16, ElementType.BF16, ElementType.F64)]
    public ElementType To { get; set; }

    /// <summary>Multiples of 1/16 in [-8, 8): every type has them, so a way there and back changes none.</summary>
    [GlobalSetup]
    public void Setup()
    {
        _count = RowCount * Stage.Width;
        float[] values = [.. Enumerable.Range(0, _count).Select(static i => ((i % 256) - 128) / 16f)];
        ElementConverter.Convert(MemoryMarshal.AsBytes<float>(values), ElementType.F32, _source.AsSpan(0, _count * From.ByteCount()), From);
        Convert();
        float[] back = new float[_count];
        ElementConverter.Convert(_target.AsSpan(0, _count * To.ByteCount()), To, MemoryMarshal.AsBytes(back.AsSpan()), ElementType.F32);
        Same.Require<float>(values, back);
    }

    [Benchmark(Baseline = true)]
    public void Copy() => _source.AsSpan(0, _count * From.ByteCount()).CopyTo(_target);

    [Benchmark]
    public void Convert() => ElementConverter.Convert(_source.AsSpan(0, _count * From.ByteCount()), From, _target.AsSpan(0, _count * To.ByteCount()), To);
}
