using BenchmarkDotNet.Attributes;
using EmbedStore.Load;
using EmbedStore.Shards;
using EmbedStore.Tensors;

namespace EmbedStore.Benchmarks;

/// <summary>Question: what does a record of the log, with its checksum, cost over copying the bytes of the write?</summary>
public class LogBenchmarks
{
    private const uint Seed = 1;

    private RowWrite _write = null!;
    private byte[] _record = [];

    [Params(1, Shapes.TrainedRowCount)]
    public int Rows { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        var rows = new RowSet(Shapes.TrainedRowCount, Stage.Width);
        byte[] values = new byte[Rows * rows.RowByteCount];
        rows.Fill(0, values);
        _write = new RowWrite
        {
            Kind = RowWriteKind.Assign,
            RowIds = Enumerable.Range(0, Rows).Select(static id => (long)id).ToArray(),
            Columns = ColumnRange.All(rows.Width),
            Values = values,
        };
        _record = new byte[LogFormat.RecordHeaderByteCount + WritePayload.ByteCount(_write)];
        Encode();
        Same.Require(true, RecordHeader.TryRead(_record, Seed, out RecordHeader header));
        Same.Require(true, WritePayload.TryRead(_record.AsSpan(header.PayloadOffset), new RowFormat(ElementType.F32, rows.Width), out RowChange change));
        Same.Require<byte>(values, change.Values);
        Same.Require<long>(_write.RowIds.Span, change.RowIds);
    }

    [Benchmark(Baseline = true)]
    public void CopyBytes() => _write.Values.Span.CopyTo(_record.AsSpan(LogFormat.RecordHeaderByteCount));

    [Benchmark]
    public void Encode()
    {
        WritePayload.Write(_write, _write.RowIds.Span, _record.AsSpan(LogFormat.RecordHeaderByteCount));
        new RecordHeader
        {
            ByteCount = _record.Length,
            Kind = RecordKind.Write,
            Lsn = 2,
            PreviousLsn = 1,
            OwnerEpoch = 1,
            SyncedOffset = 0,
            WrittenAt = 0,
        }.Seal(_record, Seed);
    }
}
