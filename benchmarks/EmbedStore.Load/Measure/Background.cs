using System.Runtime.ExceptionServices;

namespace EmbedStore.Load;

/// <summary>Work on a thread of its own beside a measurement. Disposing it tells the work to stop and waits for its end.</summary>
internal sealed class Background : IDisposable
{
    private readonly ManualResetEventSlim _stop = new();
    private readonly Thread _thread;
    private Exception? _failure;

    /// <param name="work">Given what is set when it must stop.</param>
    public Background(Action<ManualResetEventSlim> work)
    {
        _thread = new Thread(() => Run(work)) { IsBackground = true, Name = "beside" };
        _thread.Start();
    }

    /// <summary>Waits; what the work threw is thrown here.</summary>
    public void Dispose()
    {
        _stop.Set();
        _thread.Join();
        _stop.Dispose();
        if (_failure is not null)
        {
            ExceptionDispatchInfo.Throw(_failure);
        }
    }

    private void Run(Action<ManualResetEventSlim> work)
    {
        try
        {
            work(_stop);
        }
        catch (Exception failure)
        {
            _failure = failure;
        }
    }
}
