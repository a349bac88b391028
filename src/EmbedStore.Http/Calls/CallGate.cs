using EmbedStore.Tensors;

namespace EmbedStore.Http;

/// <summary>Counts the data calls in flight, and refuses one more than the limit at once instead of letting it wait.</summary>
/// <param name="callCountMax">The limit.</param>
/// <param name="stopping">From then on every call is refused.</param>
internal sealed class CallGate(int callCountMax, CancellationToken stopping)
{
    private int _inFlight;

    /// <summary>Lets a call in.</summary>
    /// <exception cref="EmbedStoreException"><see cref="ErrorCode.Overloaded"/> or <see cref="ErrorCode.Stopping"/>.</exception>
    public void Enter()
    {
        if (stopping.IsCancellationRequested)
        {
            throw new EmbedStoreException(ErrorCode.Stopping, "The server is going down.");
        }

        if (Interlocked.Increment(ref _inFlight) > callCountMax)
        {
            Leave();
            throw new EmbedStoreException(ErrorCode.Overloaded, $"{callCountMax} data calls are in flight, and that is the limit.", new Fact("limit", callCountMax));
        }
    }

    /// <summary>Ends a call that was let in.</summary>
    public void Leave() => Interlocked.Decrement(ref _inFlight);
}
