using EmbedStore.Tensors;

namespace EmbedStore.Serving;

/// <summary>Refusals of a tensor that a call cannot use.</summary>
internal static class TensorErrors
{
    /// <summary><see cref="ErrorCode.ShapeMismatch"/>.</summary>
    /// <param name="tensor">Its name in the call.</param>
    /// <param name="expected">A shape, or words for several.</param>
    /// <param name="actual">Its shape.</param>
    public static EmbedStoreException Shape(string tensor, object expected, object actual) => new(
        ErrorCode.ShapeMismatch, $"'{tensor}' has shape {actual}, expected {expected}.", new Fact("tensor", tensor), new Fact("expected", expected), new Fact("actual", actual));

    /// <summary><see cref="ErrorCode.UnsupportedDtype"/>.</summary>
    /// <param name="tensor">Its name in the call.</param>
    /// <param name="type">Its type.</param>
    public static EmbedStoreException Type(string tensor, ElementType type) => new(ErrorCode.UnsupportedDtype, $"'{tensor}' cannot be {type.WireName()}.", new Fact("tensor", tensor));
}
