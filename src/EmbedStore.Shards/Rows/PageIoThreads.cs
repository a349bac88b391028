using System.Collections.Concurrent;

namespace EmbedStore.Shards;

/// <summary>Threads of the process that carry pages between row stores and their scratch files.</summary>
/// <remarks>
/// Not the thread pool: its threads are the ones that wait for these transfers, so under load it would wait for itself.
/// Started with the first transfer, and never stopped: they sleep when there is nothing to do.
/// </remarks>
internal static class PageIoThreads
{
    private static readonly BlockingCollection<Action> Work = Start();

    /// <summary>Runs a transfer soon. It must not throw.</summary>
    public static void Post(Action transfer) => Work.Add(transfer);

    private static BlockingCollection<Action> Start()
    {
        var work = new BlockingCollection<Action>();
        int count = Math.Clamp(Environment.ProcessorCount * 4, 8, 32);
        for (int i = 0; i < count; i++)
        {
            var thread = new Thread(() =>
            {
                foreach (Action transfer in work.GetConsumingEnumerable())
                {
                    transfer();
                }
            });
            thread.IsBackground = true;
            thread.Name = "EmbedStore page io";
            thread.Start();
        }

        return work;
    }
}
