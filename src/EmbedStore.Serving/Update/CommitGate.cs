namespace EmbedStore.Serving;

/// <summary>Lets commits through, any number side by side, until it is closed; then they wait until it opens again.</summary>
/// <remarks>Thread-safe. Closed by one caller at a time.</remarks>
internal sealed class CommitGate
{
    private readonly Lock _lock = new();
    private int _inside;
    private TaskCompletionSource? _opened;
    private TaskCompletionSource? _drained;

    /// <summary>Waits while the gate is closed. <see cref="Leave"/> once for each entry.</summary>
    public async ValueTask EnterAsync()
    {
        while (true)
        {
            Task opened;
            lock (_lock)
            {
                if (_opened is null)
                {
                    _inside++;
                    return;
                }

                opened = _opened.Task;
            }

            await opened;
        }
    }

    public void Leave()
    {
        lock (_lock)
        {
            if (--_inside == 0)
            {
                _drained?.TrySetResult();
            }
        }
    }

    /// <summary>Closes the gate, and waits until the last that is inside has left.</summary>
    public Task CloseAsync()
    {
        lock (_lock)
        {
            _opened = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _drained = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            if (_inside == 0)
            {
                _drained.SetResult();
            }

            return _drained.Task;
        }
    }

    public void Open()
    {
        lock (_lock)
        {
            _opened!.SetResult();
            (_opened, _drained) = (null, null);
        }
    }
}
