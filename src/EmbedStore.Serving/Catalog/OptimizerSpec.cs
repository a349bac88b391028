namespace EmbedStore.Serving;

/// <summary>An optimizer as a table's spec writes it: a kind and its parameters, each with a value.</summary>
/// <param name="Kind">One of <see cref="Kinds"/>.</param>
/// <param name="Parameters">By name, as in API section 4.</param>
/// <remarks>Immutable; compares by value.</remarks>
public sealed record OptimizerSpec(string Kind, IReadOnlyDictionary<string, double> Parameters)
{
    private static readonly Dictionary<string, (string Name, double Default)[]> ParametersByKind = new()
    {
        ["sgd"] = [("lr", 0.01), ("weight_decay", 0)],
        ["adagrad"] = [("lr", 0.01), ("eps", 1e-10), ("initial_accumulator", 0)],
        ["rowwise_adagrad"] = [("lr", 0.01), ("eps", 1e-8)],
        ["adam"] = [("lr", 0.001), ("beta1", 0.9), ("beta2", 0.999), ("eps", 1e-8)],
        ["ftrl"] = [("lr", 0.001), ("l1", 0), ("l2", 0), ("lr_power", -0.5)],
    };

    /// <summary>Every kind, in the order of API section 4.</summary>
    public static IReadOnlyCollection<string> Kinds => ParametersByKind.Keys;

    /// <summary>Parameters with their defaults, which are those of PyTorch where it has the optimizer.</summary>
    /// <param name="kind">One of <see cref="Kinds"/>.</param>
    public static IReadOnlyList<(string Name, double Default)> ParametersOf(string kind) => ParametersByKind[kind];

    /// <summary>State that the optimizer keeps beside each row. Unit: bytes.</summary>
    /// <param name="width">Of a row. Unit: elements.</param>
    public int StateByteCount(int width) => Kind switch
    {
        "adagrad" => width * sizeof(float),
        "rowwise_adagrad" => sizeof(float),
        "adam" => (2 * width * sizeof(float)) + sizeof(int),   // two moments, and the row's own step count
        "ftrl" => 2 * width * sizeof(float),
        _ => 0,
    };

    /// <inheritdoc/>
    public bool Equals(OptimizerSpec? other) =>
        other is not null && Kind == other.Kind && Parameters.Count == other.Parameters.Count
        && Parameters.All(parameter => other.Parameters.TryGetValue(parameter.Key, out double value) && value.Equals(parameter.Value));

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Kind, Parameters.Count);
}
