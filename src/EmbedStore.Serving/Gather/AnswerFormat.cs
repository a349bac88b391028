using EmbedStore.Shards;
using EmbedStore.Tensors;

namespace EmbedStore.Serving;

/// <summary>How stored rows become elements of an answer.</summary>
/// <param name="Rows">What a stored row is made of.</param>
/// <param name="Columns">Elements that each entry takes of its row; one when <paramref name="ByElement"/>.</param>
/// <param name="ByElement">Each entry has a column of its own.</param>
/// <param name="Type">Element type of the answer. <see cref="RowFormat.ValueType"/> converts to it.</param>
/// <param name="FillMissing">A missing row reads as what the initializer makes of its id, instead of zeros.</param>
public readonly record struct AnswerFormat(RowFormat Rows, ColumnRange Columns, bool ByElement, ElementType Type, bool FillMissing)
{
    /// <summary>Of whole rows.</summary>
    public static AnswerFormat OfRows(RowFormat rows, ElementType type, MissingPolicy missing) =>
        new(rows, ColumnRange.All(rows.Width), ByElement: false, type, missing == MissingPolicy.Initialize);

    /// <summary>True when a stored row is the entry's answer as it stands.</summary>
    public bool IsStoredForm => !ByElement && !Rows.ScaledByRow && Type == Rows.ValueType && Columns.IsAll(Rows.Width);

    /// <summary>Bytes of the answer that one entry gives.</summary>
    public int EntryByteCount => Columns.Count * Type.ByteCount();
}
