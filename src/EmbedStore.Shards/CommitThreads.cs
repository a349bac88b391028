using System.Collections.Concurrent;

namespace EmbedStore.Shards;

/// <summary>The threads on which shards commit: all shards of the process share them.</summary>
/// <remarks>
/// A commit waits for the disk, and the thread pool has better to do than that; a thread for each shard would be thousands. A shard is one task here, so that its
/// commits never overlap. With all threads waiting for disks, further shards wait for a thread, and their writes gather into larger groups meanwhile.
/// </remarks>
internal sealed class CommitThreads : TaskScheduler
{
    /// <summary>Commits that wait for disks at the same time. Unit: threads.</summary>
    public const int ThreadCountMax = 64;

    /// <summary>The threads of this process.</summary>
    public static readonly CommitThreads Instance = new();

    private readonly BlockingCollection<Task> _ready = [];
    private int _threadCount;
    private int _outstandingCount;

    private CommitThreads()
    {
    }

    /// <inheritdoc/>
    public override int MaximumConcurrencyLevel => ThreadCountMax;

    /// <inheritdoc/>
    protected override void QueueTask(Task task)
    {
        int outstanding = Interlocked.Increment(ref _outstandingCount);
        _ready.Add(task);
        if (outstanding > Volatile.Read(ref _threadCount) && TryTakePlace())
        {
            new Thread(Run) { IsBackground = true, Name = "EmbedStore commit" }.Start();
        }
    }

    /// <summary>Never: a caller's thread is not one of these.</summary>
    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) => false;

    /// <inheritdoc/>
    protected override IEnumerable<Task> GetScheduledTasks() => _ready.ToArray();

    private bool TryTakePlace()
    {
        if (Interlocked.Increment(ref _threadCount) <= ThreadCountMax)
        {
            return true;
        }

        Interlocked.Decrement(ref _threadCount);
        return false;
    }

    private void Run()
    {
        while (true)
        {
            TryExecuteTask(_ready.Take());
            Interlocked.Decrement(ref _outstandingCount);
        }
    }
}
