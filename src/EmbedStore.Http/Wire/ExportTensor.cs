using EmbedStore.Serving;

namespace EmbedStore.Http;

/// <summary>The rows of a whole table, read from the shards while they are sent.</summary>
internal sealed class ExportTensor(string name, TableExport export) : AnswerTensor(name, export.Type, export.Shape)
{
    public override int UnitByteCount => export.RowByteCount;

    public override ValueTask ReadAsync(long offset, Memory<byte> destination, CancellationToken cancellation) =>
        export.ReadAsync(offset / UnitByteCount, destination.Length / UnitByteCount, destination, cancellation);
}
