namespace EmbedStore.Shards.Tests;

/// <summary>Lets a server's steps through one by one, as a server that is stopped and goes on.</summary>
internal sealed class StepGate
{
    private readonly object _gate = new();
    private int _allowed = int.MaxValue;
    private bool _isStopped;

    /// <summary>For <see cref="SteppedDisk.Before"/>.</summary>
    public void Enter(string operation, string path)
    {
        lock (_gate)
        {
            while (_allowed == 0)
            {
                _isStopped = true;
                Monitor.PulseAll(_gate);
                Monitor.Wait(_gate);
            }

            _allowed -= _allowed == int.MaxValue ? 0 : 1;
        }
    }

    /// <summary>Lets so many further steps through, and stops before the next.</summary>
    public void Allow(int count)
    {
        lock (_gate)
        {
            (_allowed, _isStopped) = (count, false);
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>From now on nothing is stopped.</summary>
    public void Open() => Allow(int.MaxValue);

    /// <summary>Waits until the server is stopped at the gate, or has ended what it was doing.</summary>
    public void WaitFor(Task work)
    {
        _ = work.ContinueWith(
            _ =>
            {
                lock (_gate)
                {
                    Monitor.PulseAll(_gate);
                }
            },
            TaskScheduler.Default);
        lock (_gate)
        {
            while (!_isStopped && !work.IsCompleted)
            {
                Monitor.Wait(_gate);
            }
        }
    }
}
