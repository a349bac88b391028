using EmbedStore.Shards;

namespace EmbedStore.Serving;

/// <summary>When an id of an open vocabulary gets a row.</summary>
/// <param name="MinCount">The update that makes it. Range: [1, <see cref="RowFormat.AdmissionCountMax"/>].</param>
public sealed record AdmissionSpec(int MinCount);

/// <summary>How many rows an open vocabulary has at the most.</summary>
/// <param name="Rows">Over all shards. Range: [1, <see cref="RowsMax"/>].</param>
/// <param name="Evict">Which rows go when there are more.</param>
public sealed record CapacitySpec(long Rows, EvictionPolicy Evict)
{
    /// <summary>The largest <see cref="Rows"/>.</summary>
    public const long RowsMax = 1L << 36;

    /// <summary>Rows that go beside those that must, so that the search for them is worth it. 0 for a table of fewer than 1,024 rows.</summary>
    internal long Slack => Rows / 1024;
}
