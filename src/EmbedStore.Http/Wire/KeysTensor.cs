using System.Text.Json;
using EmbedStore.Tensors;

namespace EmbedStore.Http;

/// <summary>Keys of rows: strings in JSON; elsewhere U8 with one dimension more, each key filled up with zeros to the length of the longest.</summary>
/// <param name="name">Of the tensor.</param>
/// <param name="shape">One place for each key.</param>
/// <param name="keys">Row-major.</param>
internal sealed class KeysTensor(string name, TensorShape shape, RowKeys keys) : AnswerTensor(name, ElementType.U8, TensorShape.Of([.. shape, WidthOf(keys)]))
{
    public override int UnitByteCount => (int)Shape[^1];

    public override ValueTask ReadAsync(long offset, Memory<byte> destination, CancellationToken cancellation)
    {
        keys.CopyPadded((int)(offset / UnitByteCount), destination.Span, UnitByteCount);
        return ValueTask.CompletedTask;
    }

    public override void WriteStart(Utf8JsonWriter json) => JsonTensorWriter.WriteStart(json, ElementType.Str, shape);

    public override void WriteElements(Utf8JsonWriter json, ReadOnlyMemory<byte> run) => JsonTensorWriter.WriteKeys(json, RowKeys.OfPadded(run, UnitByteCount));

    private static int WidthOf(RowKeys keys) => Math.Max(keys.ByteCountMax, 1);
}
