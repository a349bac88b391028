using System.Runtime.InteropServices;
using BenchmarkDotNet.Attributes;
using EmbedStore.Load;
using EmbedStore.Serving;

namespace EmbedStore.Benchmarks;

/// <summary>Question: what does pooling 64 rows cost over reading them?</summary>
public class BagBenchmarks : IDisposable
{
    private const int IdCount = Shapes.LargeBagCount * Shapes.LargeBagLength;

    private readonly RowSet _rows = new(100_000, Stage.Width);
    private TemporaryFolder _folder = null!;
    private InProcessPeer _table = null!;
    private IdBatch _batch = null!;
    private byte[] _gathered = [];

    [Params(PoolingMode.Mean, PoolingMode.Max)]
    public PoolingMode Mode { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _folder = new TemporaryFolder();
        _table = new InProcessPeer(_folder.Path, _rows, Stage.MemoryByteCountFor(_rows));
        _batch = Shapes.Large(IdSource.Uniform(_rows.RowCount), _rows)[0];
        _gathered = Shapes.Answer([_batch], _rows);
        Gather();
        Same.Require<float>(Pooled(MemoryMarshal.Cast<byte, float>(_gathered)), MemoryMarshal.Cast<byte, float>(Bag().Span));
    }

    [GlobalCleanup]
    public void Dispose()
    {
        _table.Dispose();
        _folder.Dispose();
        GC.SuppressFinalize(this);
    }

    [Benchmark(Baseline = true, OperationsPerInvoke = IdCount)]
    public void Gather() => _table.Read(_batch, _gathered);

    [Benchmark(OperationsPerInvoke = IdCount)]
    public ReadOnlyMemory<byte> Bag() => _table.Pool(_batch, Mode);

    /// <summary>Sums of these rows are exact in any order, see <see cref="RowSet"/>.</summary>
    private float[] Pooled(ReadOnlySpan<float> rows)
    {
        var pooled = new float[_batch.BagCount * _rows.Width];
        for (int i = 0; i < pooled.Length; i++)
        {
            float sum = 0;
            float max = float.NegativeInfinity;
            for (int place = 0; place < _batch.BagLength; place++)
            {
                float element = rows[(((i / _rows.Width * _batch.BagLength) + place) * _rows.Width) + (i % _rows.Width)];
                (sum, max) = (sum + element, Math.Max(max, element));
            }

            pooled[i] = Mode == PoolingMode.Mean ? sum / _batch.BagLength : max;
        }

        return pooled;
    }
}
