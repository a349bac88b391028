namespace EmbedStore.Tensors;

/// <summary>One tensor of a safetensors header.</summary>
/// <param name="Name">At most <see cref="MessageLimits.NameByteCountMax"/> bytes of UTF-8; never <c>__metadata__</c>.</param>
/// <param name="Type">Element type.</param>
/// <param name="Shape">At most <see cref="TensorShape.RankMax"/> dimensions.</param>
/// <param name="Begin">First byte. Unit: bytes from the beginning of the buffer, that is, behind the header.</param>
/// <param name="End">Byte behind the last; <see cref="Begin"/> for an empty tensor. Unit as <see cref="Begin"/>.</param>
public sealed record SafetensorsEntry(string Name, ElementType Type, TensorShape Shape, long Begin, long End)
{
    /// <summary>Unit: bytes.</summary>
    public long ByteCount => End - Begin;
}
