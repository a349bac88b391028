using System.Runtime.InteropServices;

namespace EmbedStore.Shards;

/// <summary>Tells one thread when every read that began before some moment has ended, without making a reader wait.</summary>
/// <remarks>Reads count themselves in one of two phases. The thread turns the phase, and waits until the old one is empty; only then may it turn again.</remarks>
internal sealed class ReadPhases
{
    private readonly Count[] _counts = new Count[2];
    private int _phase;

    /// <summary>Called when a turned phase has become empty, and sometimes for nothing. On a reader's thread.</summary>
    public Action Emptied { get; set; } = static () => { };

    /// <summary>Begins a read.</summary>
    /// <returns>For <see cref="Leave"/>.</returns>
    public int Enter()
    {
        while (true)
        {
            int phase = Volatile.Read(ref _phase);
            Interlocked.Increment(ref _counts[phase].Value);

            // Either this sees that the phase was turned meanwhile, or whoever turns it sees the count.
            if (Volatile.Read(ref _phase) == phase)
            {
                return phase;
            }

            Leave(phase);
        }
    }

    /// <summary>Ends a read.</summary>
    public void Leave(int phase)
    {
        if (Interlocked.Decrement(ref _counts[phase].Value) == 0 && Volatile.Read(ref _phase) != phase)
        {
            Emptied();
        }
    }

    /// <summary>Reads that begin from here on are of the next phase. Not before <see cref="IsDrained"/>.</summary>
    public void Turn() => Interlocked.Exchange(ref _phase, _phase ^ 1);

    /// <summary>Whether every read that began before the last <see cref="Turn"/> has ended.</summary>
    public bool IsDrained => Interlocked.Read(ref _counts[Volatile.Read(ref _phase) ^ 1].Value) == 0;

    /// <summary>Alone on its cache line.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 128)]
    private struct Count
    {
        [FieldOffset(64)]
        public long Value;
    }
}
