namespace EmbedStore.Tensors;
/// <summary>Temporary.</summary>
public static class ElementConverter {
/// <summary>Temporary.</summary>
public static void ReadIntegers(Tensor tensor, Span<long> destination) { for (int i=0;i<destination.Length;i++) { destination[i] = System.Runtime.InteropServices.MemoryMarshal.Read<long>(tensor.Data.Span[(i*8)..]); } }
}
