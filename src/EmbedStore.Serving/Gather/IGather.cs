using EmbedStore.Shards;

namespace EmbedStore.Serving;

/// <summary>Turns rows as they are stored into elements of an answer.</summary>
/// <remarks>Thread-safe; allocates nothing per row.</remarks>
public interface IGather
{
    /// <summary>Expands a batch of rows.</summary>
    /// <param name="format">How.</param>
    /// <param name="batch">What was read.</param>
    /// <param name="destination">Shape [n, columns]: <see cref="AnswerFormat.EntryByteCount"/> for each entry.</param>
    void Expand(in AnswerFormat format, in GatherBatch batch, Span<byte> destination);

    /// <summary>Gives the missing rows of a batch that is in stored form already their default, in place.</summary>
    /// <param name="format"><see cref="AnswerFormat.IsStoredForm"/>.</param>
    /// <param name="rowIds">Shape [n].</param>
    /// <param name="statuses">Shape [n].</param>
    /// <param name="destination">Shape [n, row bytes].</param>
    void FillMissing(in AnswerFormat format, ReadOnlySpan<long> rowIds, ReadOnlySpan<RowStatus> statuses, Span<byte> destination);
}

/// <summary>A batch of stored rows for <see cref="IGather.Expand"/>.</summary>
public readonly ref struct GatherBatch
{
    /// <summary>Shape [n].</summary>
    public required ReadOnlySpan<long> RowIds { get; init; }

    /// <summary>Shape [n, row bytes]: rows as they are stored.</summary>
    public required ReadOnlySpan<byte> Rows { get; init; }

    /// <summary>Shape [n].</summary>
    public required ReadOnlySpan<RowStatus> Statuses { get; init; }

    /// <summary>Rows of the batch that were not found.</summary>
    public required int MissingCount { get; init; }

    /// <summary>Shape [n] when each entry has a column of its own; empty otherwise.</summary>
    public required ReadOnlySpan<int> ElementColumns { get; init; }
}
