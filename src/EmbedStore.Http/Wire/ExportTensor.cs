using EmbedStore.Serving;
using EmbedStore.Tensors;

namespace EmbedStore.Http;

/// <summary>The rows of a whole table, read from the shards while they are sent.</summary>
internal sealed class ExportTensor(string name, TableExport export) : AnswerTensor(name, export.Type, export.Shape)
{
    public override int UnitByteCount => export.RowByteCount;

    public override int RunByteCount => export.RunByteCount;

    public override ValueTask ReadAsync(long offset, Memory<byte> destination, CancellationToken cancellation) =>
        export.ReadAsync(offset / UnitByteCount, destination.Length / UnitByteCount, destination, cancellation);
}

/// <summary>The keys of a whole table, U8 [n, L].</summary>
internal sealed class ExportKeysTensor(string name, TableExport export) : AnswerTensor(name, ElementType.U8, TensorShape.Of(export.Shape[0], export.KeyByteCountMax))
{
    public override int UnitByteCount => export.KeyByteCountMax;

    public override ValueTask ReadAsync(long offset, Memory<byte> destination, CancellationToken cancellation)
    {
        export.CopyKeys(offset / UnitByteCount, destination.Span);
        return ValueTask.CompletedTask;
    }
}
