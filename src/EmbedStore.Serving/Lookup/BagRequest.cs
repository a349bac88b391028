using EmbedStore.Tensors;

namespace EmbedStore.Serving;

/// <summary>How the rows of a bag become one.</summary>
public enum PoolingMode
{
    /// <summary>Their sum, weighted when there are weights.</summary>
    Sum,

    /// <summary>Their sum over their number. PyTorch's default, and ours.</summary>
    Mean,

    /// <summary>Their largest element in each column.</summary>
    Max,
}

/// <summary>A pooled read, PyTorch's <c>EmbeddingBag</c>.</summary>
/// <remarks>Immutable.</remarks>
public sealed record BagRequest
{
    /// <summary><c>ids</c>; and <c>offsets</c>, <c>weights</c> where given.</summary>
    public required IReadOnlyDictionary<string, Tensor> Tensors { get; init; }

    /// <summary>How rows are pooled.</summary>
    public PoolingMode Mode { get; init; } = PoolingMode.Mean;

    /// <summary>The offsets end with the number of ids, so that there is one bag less.</summary>
    public bool IncludeLastOffset { get; init; }

    /// <summary>Ids that are left out, of the mean's divisor too; counts from the end when negative. Null: none.</summary>
    public long? PaddingIndex { get; init; }

    /// <summary>Element type of the answer, floating point; null: the table's.</summary>
    public ElementType? Type { get; init; }

    /// <summary>What missing rows read as; null: what the table says.</summary>
    public MissingPolicy? Missing { get; init; }

    /// <summary>How old rows may be.</summary>
    public Freshness Freshness { get; init; }
}

/// <summary>Pooled rows.</summary>
/// <param name="Rows">Shape [bags, K].</param>
/// <param name="Version">The rows are at least as new as this version of the table.</param>
public readonly record struct BagAnswer(Tensor Rows, long Version);
