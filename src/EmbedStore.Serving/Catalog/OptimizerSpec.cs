using EmbedStore.Shards;

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

    /// <summary>Seed of stochastic rounding of 16-bit rows; null: rounded to the nearest.</summary>
    public long? RoundingSeed { get; init; }

    /// <summary>The step that a shard takes.</summary>
    /// <exception cref="ArgumentException">A parameter is outside its range.</exception>
    public RowOptimizer ToOptimizer() => Kind switch
    {
        "sgd" => new SgdOptimizer { Rate = this["lr"], WeightDecay = this["weight_decay"], StochasticRoundingSeed = RoundingSeed },
        "adagrad" => new AdagradOptimizer
        {
            Rate = this["lr"],
            Epsilon = this["eps"],
            InitialAccumulator = this["initial_accumulator"],
            StochasticRoundingSeed = RoundingSeed,
        },
        "rowwise_adagrad" => new RowwiseAdagradOptimizer { Rate = this["lr"], Epsilon = this["eps"], StochasticRoundingSeed = RoundingSeed },
        "adam" => new AdamOptimizer { Rate = this["lr"], Beta1 = this["beta1"], Beta2 = this["beta2"], Epsilon = this["eps"], StochasticRoundingSeed = RoundingSeed },
        _ => new FtrlOptimizer { Rate = this["lr"], L1 = this["l1"], L2 = this["l2"], Power = this["lr_power"], StochasticRoundingSeed = RoundingSeed },
    };

    private double this[string parameter] => Parameters[parameter];

    /// <inheritdoc/>
    public bool Equals(OptimizerSpec? other) =>
        other is not null && Kind == other.Kind && RoundingSeed == other.RoundingSeed && Parameters.Count == other.Parameters.Count
        && Parameters.All(parameter => other.Parameters.TryGetValue(parameter.Key, out double value) && value.Equals(parameter.Value));

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Kind, Parameters.Count);
}
