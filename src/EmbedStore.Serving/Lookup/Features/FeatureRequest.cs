using EmbedStore.Tensors;

namespace EmbedStore.Serving;

/// <summary>One feature of a lookup over many tables.</summary>
/// <remarks>Immutable.</remarks>
public sealed record FeatureRequest
{
    /// <summary>Its table, leased for the call.</summary>
    public required Table Table { get; init; }

    /// <summary><c>ids</c>; and <c>offsets</c>, <c>weights</c> where pooled.</summary>
    public required IReadOnlyDictionary<string, Tensor> Tensors { get; init; }

    /// <summary>Where the tensors came from.</summary>
    public required FeatureOrigin Origin { get; init; }

    /// <summary>How rows are pooled; null: a row for each id.</summary>
    public PoolingMode? Mode { get; init; }

    /// <inheritdoc cref="BagRequest.IncludeLastOffset"/>
    public bool IncludeLastOffset { get; init; }

    /// <inheritdoc cref="BagRequest.PaddingIndex"/>
    public long? PaddingIndex { get; init; }

    /// <summary>Element type of the answer; null: the table's.</summary>
    public ElementType? Type { get; init; }

    /// <summary>What missing rows read as; null: what the table says.</summary>
    public MissingPolicy? Missing { get; init; }
}

/// <summary>How a refusal that speaks of a feature's own tensors is said in the names of the request.</summary>
/// <param name="Path">The feature's place in the list: <c>features[0]</c>.</param>
/// <param name="Name">Stands before the names of its tensors: <c>user.ids</c>.</param>
/// <param name="FirstId">Null; where the ids of all features are one tensor, the position of its first.</param>
public sealed record FeatureOrigin(string Path, string Name, long? FirstId = null)
{
    /// <summary>The same refusal, its facts in the names of the request.</summary>
    public EmbedStoreException Translate(EmbedStoreException refusal)
    {
        var facts = refusal.Facts.Select(Translate).ToList();
        if (refusal.Code == ErrorCode.RowNotFound)
        {
            facts.Add(new Fact("tensor", NameOf("ids")));
        }

        return new EmbedStoreException(refusal.Code, $"{Path}: {refusal.Message}", [.. facts]);
    }

    private Fact Translate(Fact fact) => (fact.Name, fact.Value) switch
    {
        ("tensor", string tensor) => new Fact("tensor", NameOf(tensor)),
        ("parameter", "offsets") => new Fact("parameter", NameOf("offsets")),
        ("parameter", string parameter) => new Fact("parameter", $"{Path}.{parameter}"),
        ("position", long[] position) when FirstId is { } first => new Fact("position", new[] { position[0] + first }),
        _ => fact,
    };

    private string NameOf(string tensor) => tensor switch
    {
        "rows" => Name,
        "table" => $"{Path}.table",
        _ when FirstId is null => $"{Name}.{tensor}",
        "ids" => "values",
        _ => tensor,
    };
}
