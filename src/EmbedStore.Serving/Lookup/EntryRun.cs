using EmbedStore.Shards;

namespace EmbedStore.Serving;

/// <summary>Entries of an answer to read, and where to.</summary>
/// <param name="Rows">Shape [n].</param>
/// <param name="Elements">Shape [n, columns] of the answer's type. Unit: bytes.</param>
/// <param name="Statuses">Shape [n].</param>
internal readonly record struct EntryRun(RowList Rows, Memory<byte> Elements, Memory<RowStatus> Statuses)
{
    /// <summary>Shape [n], or empty when nobody asks.</summary>
    public Memory<long> Versions { get; init; }

    /// <summary>Shape [n] when each entry has a column of its own; empty otherwise.</summary>
    public ReadOnlyMemory<int> ElementColumns { get; init; }

    /// <summary>Number of entries.</summary>
    public int Count => Rows.Count;

    /// <summary>A part of it.</summary>
    /// <param name="first">First entry.</param>
    /// <param name="count">Number of entries.</param>
    /// <param name="entryByteCount">Of one entry's elements. Unit: bytes.</param>
    public EntryRun Slice(int first, int count, int entryByteCount) =>
        new(Rows.Slice(first, count), Elements.Slice(first * entryByteCount, count * entryByteCount), Statuses.Slice(first, count))
        {
            Versions = Versions.IsEmpty ? default : Versions.Slice(first, count),
            ElementColumns = ElementColumns.IsEmpty ? default : ElementColumns.Slice(first, count),
        };
}
