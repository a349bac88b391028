using EmbedStore.Shards;
using EmbedStore.Tensors;

namespace EmbedStore.Serving;

/// <summary>A write: <c>t[subscript] = values</c>, <c>t[subscript] += values</c>, a step of the table's optimizer, or the erasure of the rows that a subscript names.</summary>
/// <remarks>Immutable. Its tensors stay valid until the update has answered.</remarks>
public sealed record UpdateRequest
{
    /// <summary>Where to write.</summary>
    public required Subscript Subscript { get; init; }

    /// <summary>The tensors that the subscript names, and no others.</summary>
    public required IReadOnlyDictionary<string, Tensor> Tensors { get; init; }

    /// <summary>What to write; it broadcasts to what the subscript selects. For a step: gradients of just that shape. Null for an erasure only.</summary>
    public Tensor? Values { get; init; }

    /// <summary>Assign, Accumulate, Erase or Apply.</summary>
    public required RowWriteKind Kind { get; init; }

    /// <summary>Step size of an Apply; null: the optimizer's own.</summary>
    public double? Rate { get; init; }

    /// <summary>Makes the request count once however often it is sent; null: it counts each time.</summary>
    public WriterClaim? Writer { get; init; }

    /// <summary>Whose rules the subscript follows.</summary>
    public Dialect Dialect { get; init; }
}

/// <summary>A write that was acknowledged.</summary>
/// <param name="RowCount">Rows that the subscript names, each as often as it names it; of an erasure, the rows that were there and are gone.</param>
/// <param name="Version">Version of the table that has it; the one that was there when nothing was to be written.</param>
/// <param name="IsDuplicate">The writer's request was applied before, and not again.</param>
public readonly record struct UpdateAnswer(long RowCount, long Version, bool IsDuplicate = false);
