using EmbedStore.Tensors;

namespace EmbedStore.Serving;

/// <summary>What the answers of one call may still take, counted as its parts are checked.</summary>
/// <remarks>Not thread-safe.</remarks>
public sealed class ResultBudget(ServingLimits limits)
{
    private Int128 _byteCount;

    /// <summary>Of the call.</summary>
    public ServingLimits Limits => limits;

    /// <summary>Takes an answer's bytes, whether or not the part that asks for them turns out to be wrong.</summary>
    /// <exception cref="EmbedStoreException"><see cref="ErrorCode.ResultTooLarge"/>.</exception>
    public void Take(Int128 byteCount)
    {
        _byteCount += byteCount;
        limits.RequireResult(_byteCount);
    }
}
