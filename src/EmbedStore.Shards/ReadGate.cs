namespace EmbedStore.Shards;

/// <summary>Counts calls that are under way, so that closing can wait for them.</summary>
internal sealed class ReadGate
{
    private const long Closed = 1L << 62;

    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _inside;

    /// <returns>False once the gate is closed.</returns>
    public bool TryEnter()
    {
        if ((Interlocked.Increment(ref _inside) & Closed) == 0)
        {
            return true;
        }

        Leave();
        return false;
    }

    public void Leave()
    {
        if (Interlocked.Decrement(ref _inside) == Closed)
        {
            _drained.TrySetResult();
        }
    }

    /// <summary>Completes when the last call that is inside leaves. Called once.</summary>
    public Task CloseAsync()
    {
        if (Interlocked.Add(ref _inside, Closed) == Closed)
        {
            _drained.TrySetResult();
        }

        return _drained.Task;
    }
}
