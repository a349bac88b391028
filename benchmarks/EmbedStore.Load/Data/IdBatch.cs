using System.Runtime.InteropServices;
using EmbedStore.Tensors;

namespace EmbedStore.Load;

/// <summary>The ids of one request, shape [<paramref name="BagCount"/>, <paramref name="BagLength"/>].</summary>
/// <param name="Number">Its place among the batches of its workload.</param>
/// <param name="BagCount">B.</param>
/// <param name="BagLength">T.</param>
/// <param name="Bytes">B × T ids, int64, little-endian, as they go over the wire.</param>
internal sealed record IdBatch(int Number, int BagCount, int BagLength, byte[] Bytes)
{
    /// <summary>Shape [B × T].</summary>
    public ReadOnlySpan<long> Ids => MemoryMarshal.Cast<byte, long>(Bytes);

    /// <summary>A view, of the shape that it has.</summary>
    public Tensor Tensor => new(ElementType.I64, TensorShape.Of(BagCount, BagLength), Bytes);

    /// <summary>B × T.</summary>
    public int Count => BagCount * BagLength;
}
