using System.Numerics;

namespace EmbedStore.Shards;

/// <summary><c>m += g²</c>; <c>w -= rate · g / (√m + ε)</c>, element by element. State: m. Source: torch.optim.Adagrad with sparse gradients.</summary>
public sealed record AdagradOptimizer : RowOptimizer
{
    /// <summary>ε. At least 0.</summary>
    public required double Epsilon
    {
        get;
        init => field = value is >= 0 and < double.PositiveInfinity ? value : throw new ArgumentOutOfRangeException(nameof(Epsilon), value, "Must be finite and at least 0.");
    }

    /// <summary>m of a row that is being made. At least 0.</summary>
    public double InitialAccumulator
    {
        get;
        init => field = value is >= 0 and < double.PositiveInfinity ? value : throw new ArgumentOutOfRangeException(nameof(InitialAccumulator), value, "Must be finite and at least 0.");
    }

    /// <inheritdoc/>
    public override int StateLength(int width) => width;

    private protected override FormattableString Description => $"adagrad(eps={Epsilon}, initial={InitialAccumulator})";

    internal override void FillState<T>(Span<T> state) => state.Fill(T.CreateChecked(InitialAccumulator));

    internal override void Step<T>(Span<T> row, ReadOnlySpan<T> gradient, Span<T> state, OptimizerStep step)
    {
        var rate = new Vector<T>(T.CreateChecked(step.Rate));
        var epsilon = new Vector<T>(T.CreateChecked(Epsilon));
        for (RowLanes<T> at = new(row.Length); at.Next();)
        {
            Vector<T> g = at.Load(gradient);
            Vector<T> m = at.Load(state) + (g * g);
            at.Store(m, state);
            at.Store(at.Load(row) - (rate * g / (Vector.SquareRoot(m) + epsilon)), row);
        }
    }
}
