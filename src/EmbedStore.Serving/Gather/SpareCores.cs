namespace EmbedStore.Serving;

/// <summary>Spreads the parts of a large read over cores on which no other large read computes.</summary>
/// <param name="coreCount">Threads that compute at once at most, over all requests.</param>
/// <remarks>Thread-safe. Allocates a constant.</remarks>
internal sealed class SpareCores(int coreCount)
{

    /// <summary>What one core copies before it takes another part: long enough that taking it costs nothing, short enough that nobody waits long for the last.</summary>
    private const int PartByteCountMin = 128 * 1024;

    /// <summary>What is worth the waking of one more core: see the README.</summary>
    private const int PartsPerHelper = 4;

    private const int PartsPerCore = 8;

    private int _callerCount;

    /// <summary>Into how many parts to split a read, for <see cref="Run"/>; 1 when it is too short.</summary>
    /// <param name="byteCount">That are copied. Unit: bytes.</param>
    public int PartCountOf(long byteCount) =>
        coreCount == 1 || byteCount < PartsPerHelper * PartByteCountMin ? 1 : (int)Math.Min(byteCount / PartByteCountMin, PartsPerCore * coreCount);

    /// <summary>Runs every part once, here and on pool threads, and returns when all have ended.</summary>
    /// <param name="partCount">At least 1.</param>
    /// <param name="part">By number, in no order. Does not wait for other work.</param>
    /// <exception cref="Exception">What the lowest part threw that threw.</exception>
    public void Run(int partCount, Action<int> part)
    {
        int spareCount = coreCount - Interlocked.Increment(ref _callerCount);
        try
        {
            new SharedParts(partCount, part).Run(Math.Clamp(spareCount, 0, partCount / PartsPerHelper));
        }
        finally
        {
            Interlocked.Decrement(ref _callerCount);
        }
    }
}
