using System.Numerics;

namespace EmbedStore.Shards;

/// <summary>What one step of training does to a row: a function of the row, its summed gradient and the state that stands beside it.</summary>
/// <remarks>
/// <para>Lazy: only rows that a gradient came for change, and their state with them. Plain IEEE operations in a fixed order, so that two runs over the same log give the same bits.</para>
/// <para>Immutable; compares by value; any number of threads.</para>
/// </remarks>
public abstract record RowOptimizer
{
    private protected RowOptimizer()
    {
    }

    /// <summary>Step size of a step that does not bring its own.</summary>
    public required double Rate
    {
        get;
        init => field = double.IsFinite(value) && value >= 0 ? value : throw new ArgumentOutOfRangeException(nameof(Rate), value, "Must be finite and at least 0.");
    }

    /// <summary>Null: rows of 16 bits are rounded to the nearest. Otherwise by chance, see <see cref="StochasticRounding"/>.</summary>
    public long? StochasticRoundingSeed { get; init; }

    /// <summary><c>adam(beta1=0.9, beta2=0.999, eps=1E-08)</c>: what a row's state was made by. Written to disk, to know a shard's format again; the rate is not part of it.</summary>
    public sealed override string ToString() => FormattableString.Invariant(Description) + (StochasticRoundingSeed is { } seed ? FormattableString.Invariant($" stochastic({seed})") : "");

    private protected abstract FormattableString Description { get; }

    /// <summary>State beside a row of <paramref name="width"/> elements. Unit: elements of the type that steps are computed in.</summary>
    public abstract int StateLength(int width);

    /// <summary>Sets the state of a row that is being made.</summary>
    /// <param name="state">Zeros.</param>
    internal virtual void FillState<T>(Span<T> state)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
    }

    /// <summary>Takes one step.</summary>
    /// <param name="row">Shape [width].</param>
    /// <param name="gradient">Shape [width]: the sum over the request.</param>
    /// <param name="state">Shape [<see cref="StateLength"/>].</param>
    /// <param name="step">Which step, and how large.</param>
    internal abstract void Step<T>(Span<T> row, ReadOnlySpan<T> gradient, Span<T> state, OptimizerStep step)
        where T : unmanaged, IFloatingPointIeee754<T>;
}
