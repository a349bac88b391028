using BenchmarkDotNet.Attributes;
using EmbedStore.Load;
using EmbedStore.Serving;
using EmbedStore.Shards;
using EmbedStore.Tensors;

namespace EmbedStore.Benchmarks;

/// <summary>Question: what does a row of the row cache, which is whole whoever writes beside, cost over one copied out of a plain array?</summary>
public class GatherBenchmarks : IDisposable
{
    private const int IdCount = Shapes.LargeBagCount * Shapes.LargeBagLength;
    private const long TableByteCount = 64L << 20;

    private readonly RowStatus[] _statuses = new RowStatus[IdCount];
    private IdBatch _batch = null!;
    private ResidentRows _cache = null!;
    private DenseCopyPeer _dense = null!;
    private byte[] _rows = [];

    /// <summary>Unit: elements, F32.</summary>
    [Params(16, 64, 768)]
    public int K { get; set; }

    [Params(false, true)]
    public bool Zipf { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        var rows = new RowSet(TableByteCount / (K * sizeof(float)), K);
        _batch = Shapes.Large(IdSource.Both(rows.RowCount)[Zipf ? 1 : 0], rows)[0];
        _rows = new byte[IdCount * rows.RowByteCount];
        _dense = new DenseCopyPeer(rows);
        _cache = ResidentRows.TryMake(new TableShape(TensorShape.Of(rows.RowCount, K)), new RowFormat(ElementType.F32, K), 4 * TableByteCount)!;
        rows.ForEachRun(1, (id, row) => ((IRowMirror)_cache).Write(id, lsn: id + 1, row.Span));
        DenseCopy();
        byte[] expected = [.. _rows];
        _rows.AsSpan().Clear();
        Same.Require(0, RowCache());
        Same.Require<byte>(expected, _rows);
    }

    [GlobalCleanup]
    public void Dispose()
    {
        _cache.Dispose();
        _dense.Dispose();
        GC.SuppressFinalize(this);
    }

    [Benchmark(Baseline = true, OperationsPerInvoke = IdCount)]
    public void DenseCopy() => _dense.Read(_batch, _rows);

    /// <returns>Rows that are missing.</returns>
    [Benchmark(OperationsPerInvoke = IdCount)]
    public int RowCache() => _cache.Read(_batch.Ids, new RowBlock(_rows, _statuses, default));
}
