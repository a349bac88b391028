namespace EmbedStore.Shards;

/// <summary>When the entries of a write used their rows.</summary>
/// <param name="first">Of the first entry of the request.</param>
/// <param name="positions">Place of each entry in the request; empty: the entry's own number.</param>
internal readonly ref struct WriteTicks(long first, ReadOnlySpan<int> positions)
{
    private readonly ReadOnlySpan<int> _positions = positions;
    private readonly bool _atOnce;

    private WriteTicks(long lsn)
        : this(lsn, []) => _atOnce = true;

    /// <summary>All entries at once: a record of the log does not say more.</summary>
    public static WriteTicks AtOnce(long lsn) => new(lsn);

    public long this[int entry] => _atOnce ? first : first + (_positions.IsEmpty ? entry : _positions[entry]);
}
