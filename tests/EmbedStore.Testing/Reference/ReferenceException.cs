using EmbedStore.Tensors;

namespace EmbedStore.Testing;

/// <summary>The reference refuses, and says what for.</summary>
public sealed class ReferenceException(ErrorCode code, string message) : Exception(message)
{
    /// <summary>The first reason that the reference met; another order of its checks could give another.</summary>
    public ErrorCode Code { get; } = code;
}
