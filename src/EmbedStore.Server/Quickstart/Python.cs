using EmbedStore.Tensors;

namespace EmbedStore.Server.Quickstart;

/// <summary>Writes things as Python does.</summary>
internal static class Python
{
    /// <summary><c>(8, 3, 4)</c>, <c>(5,)</c>, <c>()</c>.</summary>
    public static string Shape(TensorShape shape) => shape.Rank == 1 ? $"({shape[0]},)" : "(" + string.Join(", ", shape) + ")";
}
