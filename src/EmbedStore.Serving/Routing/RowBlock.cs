using EmbedStore.Shards;

namespace EmbedStore.Serving;

/// <summary>Where a batch of rows is read to: one slot for each position of the batch.</summary>
/// <param name="Rows">Shape [n, row bytes]: rows as they are stored. A missing row leaves its slot as it was.</param>
/// <param name="Statuses">Shape [n].</param>
/// <param name="Versions">Shape [n], or empty when nobody asks.</param>
public readonly record struct RowBlock(Memory<byte> Rows, Memory<RowStatus> Statuses, Memory<long> Versions)
{
    /// <summary>Whether rows that are found count as used, in the order of their positions. Default: no.</summary>
    public bool IsUse { get; init; }

    /// <summary>How old rows may be.</summary>
    public Freshness Freshness { get; init; }

    /// <summary>The slots of a run of positions.</summary>
    internal RowBlock Slice(int first, int count, int rowByteCount) => this with
    {
        Rows = Rows.Slice(first * rowByteCount, count * rowByteCount),
        Statuses = Statuses.Slice(first, count),
        Versions = Versions.IsEmpty ? default : Versions.Slice(first, count),
    };
}
