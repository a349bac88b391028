using EmbedStore.Tensors;

namespace EmbedStore.Serving;

/// <summary>How near two rows are.</summary>
public enum NearestMetric
{
    /// <summary>Euclidean distance, as <c>torch.cdist</c>: the root of the sum of squares. Smaller is nearer.</summary>
    L2,

    /// <summary>Inner product. Larger is nearer.</summary>
    Dot,

    /// <summary>Inner product of the directions; 0 where one is the zero vector. Larger is nearer.</summary>
    Cosine,
}

/// <summary>A search for the rows nearest to queries.</summary>
/// <remarks>Immutable.</remarks>
public sealed record NearestRequest
{
    /// <summary>Most rows that one query asks for. Unit: rows.</summary>
    public const int CountMax = 1024;

    /// <summary>Default of <see cref="Count"/>. Unit: rows.</summary>
    public const int CountDefault = 10;

    /// <summary><c>queries</c>.</summary>
    public required IReadOnlyDictionary<string, Tensor> Tensors { get; init; }

    /// <summary>Rows for each query. Range: [1, <see cref="CountMax"/>].</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is outside the range.</exception>
    public int Count
    {
        get;
        init => field = value is >= 1 and <= CountMax ? value : throw new ArgumentOutOfRangeException(nameof(Count), value, $"Must be in [1, {CountMax}].");
    }
        = CountDefault;

    /// <summary>What is near.</summary>
    public NearestMetric Metric { get; init; }

    /// <summary>What missing rows of a fixed table read as; Error: they are left out. Null: what the table says.</summary>
    public MissingPolicy? Missing { get; init; }
}

/// <summary>The nearest rows. Lives in the memory of the request.</summary>
/// <param name="Ids">I64, shape [queries, count]: nearest first, of equal ones the lower id. -1 where there are no more rows. Of a table with keys STR, empty where there are no more.</param>
/// <param name="Scores">F32, same shape. Infinitely far where there are no more rows.</param>
/// <param name="Exact">Bool, shape [queries]: a row equals the query bit for bit.</param>
/// <param name="Version">The rows are at least as new as this version of the table.</param>
public readonly record struct NearestAnswer(Tensor Ids, Tensor Scores, Tensor Exact, long Version);
