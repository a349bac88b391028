using EmbedStore.Shards;

namespace EmbedStore.Serving;

/// <summary>An initializer as a table's spec writes it. Fields that the kind does not have are 0.</summary>
/// <param name="Kind"><c>zeros</c>, <c>constant</c>, <c>uniform</c>, <c>normal</c> or <c>identity</c>.</param>
/// <param name="Value">Of <c>constant</c>.</param>
/// <param name="Low">Of <c>uniform</c>, inclusive.</param>
/// <param name="High">Of <c>uniform</c>, exclusive.</param>
/// <param name="Mean">Of <c>normal</c>.</param>
/// <param name="Std">Of <c>normal</c>, at least 0.</param>
/// <param name="Seed">Of <c>uniform</c> and <c>normal</c>.</param>
/// <remarks>Immutable; compares by value.</remarks>
public sealed record InitializerSpec(string Kind, double Value = 0, double Low = 0, double High = 0, double Mean = 0, double Std = 0, long Seed = 0)
{
    /// <summary>The function of row id and column.</summary>
    /// <exception cref="ArgumentException">A number is not finite or out of its range.</exception>
    public RowInitializer ToInitializer() => Kind switch
    {
        "constant" => RowInitializer.Constant(Value),
        "uniform" => RowInitializer.Uniform(Low, High, Seed),
        "normal" => RowInitializer.Normal(Mean, Std, Seed),
        "identity" => RowInitializer.Identity,
        _ => RowInitializer.Zeros,
    };
}
