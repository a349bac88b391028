using System.Numerics;

namespace EmbedStore.Shards;

/// <summary>
/// <c>m += (1 − β₁)(g − m)</c>; <c>v += (1 − β₂)(g² − v)</c>; <c>w -= rate · √(1 − β₂ᵗ) / (1 − β₁ᵗ) · m / (√v + ε)</c>. State: m, then v.
/// Source: torch.optim.SparseAdam.
/// </summary>
/// <remarks>t is the table's step, not the row's; moments decay only on steps that touch the row.</remarks>
public sealed record AdamOptimizer : RowOptimizer
{
    /// <summary>β₁. In [0, 1).</summary>
    public required double Beta1
    {
        get;
        init => field = value is >= 0 and < 1 ? value : throw new ArgumentOutOfRangeException(nameof(Beta1), value, "Must be in [0, 1).");
    }

    /// <summary>β₂. In [0, 1).</summary>
    public required double Beta2
    {
        get;
        init => field = value is >= 0 and < 1 ? value : throw new ArgumentOutOfRangeException(nameof(Beta2), value, "Must be in [0, 1).");
    }

    /// <summary>ε, beside the square root of v as it is. At least 0.</summary>
    public required double Epsilon
    {
        get;
        init => field = value is >= 0 and < double.PositiveInfinity ? value : throw new ArgumentOutOfRangeException(nameof(Epsilon), value, "Must be finite and at least 0.");
    }

    /// <inheritdoc/>
    public override int StateLength(int width) => 2 * width;

    private protected override FormattableString Description => $"adam(beta1={Beta1}, beta2={Beta2}, eps={Epsilon})";

    internal override void Step<T>(Span<T> row, ReadOnlySpan<T> gradient, Span<T> state, OptimizerStep step)
    {
        Span<T> first = state[..row.Length];
        Span<T> second = state[row.Length..];
        double corrected = step.Rate * Math.Sqrt(1 - Math.Pow(Beta2, step.Number)) / (1 - Math.Pow(Beta1, step.Number));
        var rate = new Vector<T>(T.CreateTruncating(corrected));
        var rest1 = new Vector<T>(T.CreateTruncating(1 - Beta1));
        var rest2 = new Vector<T>(T.CreateTruncating(1 - Beta2));
        var epsilon = new Vector<T>(T.CreateTruncating(Epsilon));
        for (RowLanes<T> at = new(row.Length); at.Next();)
        {
            Vector<T> g = at.Load(gradient);
            Vector<T> m = at.Load(first);
            Vector<T> v = at.Load(second);
            m += rest1 * (g - m);
            v += rest2 * ((g * g) - v);
            at.Store(m, first);
            at.Store(v, second);
            at.Store(at.Load(row) - (rate * m / (Vector.SquareRoot(v) + epsilon)), row);
        }
    }
}
