namespace EmbedStore.Shards;

/// <summary>Puts the uses of a table's rows in order: one for all its shards.</summary>
/// <remarks>Thread-safe. Ticks are above every version that the table has, which stand for the uses before its shards were opened.</remarks>
public sealed class UseClock
{
    private long _last;

    /// <summary>Takes ticks for a batch: use i has tick <c>first + i</c>.</summary>
    /// <param name="count">At least 0.</param>
    /// <returns>The first one. Above 0.</returns>
    public long Take(int count) => Interlocked.Add(ref _last, count) - count + 1;

    /// <summary>Ticks taken from now on are above this version.</summary>
    internal void StartAbove(long version) => AtomicMax.Raise(ref _last, version);
}
