using System.Diagnostics;

namespace EmbedStore.Serving;

/// <summary>Numbered parts of some work, which whoever has time takes, lowest first.</summary>
/// <remarks>
/// The caller takes parts itself, so it never depends on a thread that may not come: a helper that comes late finds nothing left, and one leaves between two
/// parts when other work waits for its thread.
/// </remarks>
internal sealed class SharedParts(int partCount, Action<int> part) : IThreadPoolWorkItem
{
    private readonly Activity? _span = Activity.Current;
    private readonly Lock _failing = new();
    private int _nextPart;
    private int _insideCount;
    private int _failedPart = int.MaxValue;
    private Exception? _failure;

    /// <summary>Runs every part once.</summary>
    /// <param name="helperCount">Pool threads that are asked.</param>
    /// <exception cref="Exception">What the lowest part threw that threw.</exception>
    public void Run(int helperCount)
    {
        for (int helper = 0; helper < helperCount; helper++)
        {
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }

        while (TryRunNext())
        {
        }

        // For one part at most, which is at work already.
        var wait = default(SpinWait);
        while (Volatile.Read(ref _insideCount) > 0)
        {
            wait.SpinOnce(sleep1Threshold: -1);
        }

        if (_failure is not null)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(_failure);
        }
    }

    void IThreadPoolWorkItem.Execute()
    {
        if (_span is not null)
        {
            Activity.Current = _span;
        }

        while (TryRunNext() && ThreadPool.PendingWorkItemCount == 0)
        {
        }
    }

    private bool TryRunNext()
    {
        // Inside first: who waits for all must not miss one that has its part already.
        Interlocked.Increment(ref _insideCount);
        int number = Interlocked.Increment(ref _nextPart) - 1;
        bool isPart = number < partCount;
        if (isPart)
        {
            RunOne(number);
        }

        Interlocked.Decrement(ref _insideCount);
        return isPart;
    }

    private void RunOne(int number)
    {
        try
        {
            part(number);
        }
        catch (Exception failure)
        {
            lock (_failing)
            {
                if (number < _failedPart)
                {
                    (_failedPart, _failure) = (number, failure);
                }
            }
        }
    }
}
