using System.Diagnostics;

namespace EmbedStore.Shards;

/// <summary>Keeps work in the background from being felt: after each short slice of it comes a rest.</summary>
/// <remarks>One thread. Measured in real time, whatever clock the shard has: it is the processor that is spared.</remarks>
internal sealed class Pace(CancellationToken cancellation)
{
    /// <summary>What a read beside it may have to wait for, when there are fewer processors than there is to do.</summary>
    private static readonly TimeSpan Slice = TimeSpan.FromMicroseconds(120);

    /// <summary>The shortest that a thread sleeps.</summary>
    private static readonly TimeSpan Rest = TimeSpan.FromMilliseconds(1);

    private long _began = Stopwatch.GetTimestamp();

    /// <summary>Rests when the slice is over. To be called after every little piece of work.</summary>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public void Keep()
    {
        cancellation.ThrowIfCancellationRequested();
        if (Stopwatch.GetElapsedTime(_began) >= Slice)
        {
            Thread.Sleep(Rest);
            _began = Stopwatch.GetTimestamp();
        }
    }
}
