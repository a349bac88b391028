using System.Text.Json;
using EmbedStore.Tensors;

namespace EmbedStore.Http;

/// <summary>One tensor of an answer. Its elements are produced run by run, while the answer is being sent.</summary>
internal abstract class AnswerTensor(string name, ElementType type, TensorShape shape)
{
    public string Name { get; } = name;

    public ElementType Type { get; } = type;

    public TensorShape Shape { get; } = shape;

    /// <summary>Unit: bytes.</summary>
    public long ByteCount => Shape.ElementCount * Type.ByteCount();

    /// <summary>Runs begin and end at multiples of this. Unit: bytes.</summary>
    public abstract int UnitByteCount { get; }

    /// <summary>What is best produced at a time: large enough to spread the cost of a read over many rows, small enough to send while the next is read. Unit: bytes.</summary>
    public virtual int RunByteCount => AnswerWriter.RunByteCount;

    /// <summary>Produces a run.</summary>
    /// <param name="offset">Where it begins in the tensor. Unit: bytes.</param>
    /// <param name="destination">Whole units.</param>
    /// <param name="cancellation">Ends the wait for shards.</param>
    public abstract ValueTask ReadAsync(long offset, Memory<byte> destination, CancellationToken cancellation);

    /// <summary>Begins the tensor in JSON.</summary>
    public virtual void WriteStart(Utf8JsonWriter json) => JsonTensorWriter.WriteStart(json, Type, Shape);

    /// <summary>Writes a run in JSON.</summary>
    public virtual void WriteElements(Utf8JsonWriter json, ReadOnlyMemory<byte> run) => JsonTensorWriter.WriteElements(json, Type, run.Span);
}

/// <summary>A tensor that is in memory already.</summary>
internal sealed class MemoryTensor(string name, Tensor tensor) : AnswerTensor(name, tensor.Type, tensor.Shape)
{
    public override int UnitByteCount => Type.ByteCount();

    public override ValueTask ReadAsync(long offset, Memory<byte> destination, CancellationToken cancellation)
    {
        tensor.Data.Slice((int)offset, destination.Length).CopyTo(destination);
        return ValueTask.CompletedTask;
    }
}
