namespace EmbedStore.Tensors;

internal static class IndexCheck
{
    /// <summary>Counts a negative index from the end.</summary>
    /// <returns>False when the index is outside a dimension of <paramref name="size"/>.</returns>
    public static bool TryCount(ref long index, long size)
    {
        index = index < 0 ? index + size : index;
        return index >= 0 && index < size;
    }
}
