namespace EmbedStore.Serving;

/// <summary>Another server gave no answer.</summary>
/// <param name="message">Which, and what happened.</param>
/// <param name="mayHaveArrived">False when it is certain that the call did not get there.</param>
/// <param name="inner">What happened.</param>
public sealed class PeerUnreachableException(string message, bool mayHaveArrived, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>False when it is certain that the call did not get there.</summary>
    public bool MayHaveArrived { get; } = mayHaveArrived;
}
