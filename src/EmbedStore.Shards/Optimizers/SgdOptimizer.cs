using System.Numerics;

namespace EmbedStore.Shards;

/// <summary><c>w -= rate · (g + decay · w)</c>. No state. Source: torch.optim.SGD without momentum.</summary>
public sealed record SgdOptimizer : RowOptimizer
{
    /// <summary>Finite.</summary>
    public double WeightDecay
    {
        get;
        init => field = value is > double.NegativeInfinity and < double.PositiveInfinity ? value : throw new ArgumentOutOfRangeException(nameof(WeightDecay), value, "Must be finite.");
    }

    /// <inheritdoc/>
    public override int StateLength(int width) => 0;

    private protected override FormattableString Description => $"sgd(decay={WeightDecay})";

    internal override void Step<T>(Span<T> row, ReadOnlySpan<T> gradient, Span<T> state, OptimizerStep step)
    {
        var rate = new Vector<T>(T.CreateChecked(step.Rate));
        var decay = new Vector<T>(T.CreateChecked(WeightDecay));
        for (RowLanes<T> at = new(row.Length); at.Next();)
        {
            Vector<T> w = at.Load(row);
            at.Store(w - (rate * (at.Load(gradient) + (decay * w))), row);
        }
    }
}
