using System.Numerics;

namespace EmbedStore.Shards;

/// <summary><c>m += mean(g²)</c>; <c>w -= rate / (√m + ε) · g</c>. State: m, one number a row. Source: EXACT_ROWWISE_ADAGRAD of FBGEMM, without weight decay.</summary>
/// <remarks>The mean is summed in binary64 from the first element to the last, so that it does not depend on the width of vectors.</remarks>
public sealed record RowwiseAdagradOptimizer : RowOptimizer
{
    /// <summary>ε. At least 0.</summary>
    public required double Epsilon
    {
        get;
        init => field = value is >= 0 and < double.PositiveInfinity ? value : throw new ArgumentOutOfRangeException(nameof(Epsilon), value, "Must be finite and at least 0.");
    }

    /// <inheritdoc/>
    public override int StateLength(int width) => 1;

    private protected override FormattableString Description => $"rowwise_adagrad(eps={Epsilon})";

    internal override void Step<T>(Span<T> row, ReadOnlySpan<T> gradient, Span<T> state, OptimizerStep step)
    {
        state[0] += T.CreateTruncating(MeanOfSquares(gradient));
        var factor = new Vector<T>(T.CreateChecked(step.Rate) / (T.Sqrt(state[0]) + T.CreateChecked(Epsilon)));
        for (RowLanes<T> at = new(row.Length); at.Next();)
        {
            at.Store(at.Load(row) - (factor * at.Load(gradient)), row);
        }
    }

    private static double MeanOfSquares<T>(ReadOnlySpan<T> gradient)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        double sum = 0;
        foreach (T element in gradient)
        {
            double g = double.CreateTruncating(element);
            sum += g * g;
        }

        return sum / gradient.Length;
    }
}
