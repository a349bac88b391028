namespace EmbedStore.Shards;

/// <summary>Numbers that several threads raise, and nobody lowers.</summary>
internal static class AtomicMax
{
    /// <summary>Raises a number to a value, unless it is there already or above.</summary>
    public static void Raise(ref long number, long value)
    {
        long seen = Volatile.Read(ref number);
        while (seen < value)
        {
            long before = Interlocked.CompareExchange(ref number, value, seen);
            if (before == seen)
            {
                return;
            }

            seen = before;
        }
    }
}
