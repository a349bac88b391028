using EmbedStore.Tensors;

namespace EmbedStore.Serving;

/// <summary>A gather: <c>t[subscript]</c>.</summary>
/// <remarks>Immutable.</remarks>
public sealed record LookupRequest
{
    /// <summary>What to select.</summary>
    public required Subscript Subscript { get; init; }

    /// <summary>The tensors that the subscript names, and no others.</summary>
    public required IReadOnlyDictionary<string, Tensor> Tensors { get; init; }

    /// <summary>Whose rules the subscript follows.</summary>
    public Dialect Dialect { get; init; }

    /// <summary>Element type of the answer; null: the table's.</summary>
    public ElementType? Type { get; init; }

    /// <summary>What missing rows read as; null: what the table says.</summary>
    public MissingPolicy? Missing { get; init; }

    /// <summary>Whether status and version of each row are wanted.</summary>
    public bool WithStatus { get; init; }

    /// <summary>How old rows may be.</summary>
    public Freshness Freshness { get; init; }
}
