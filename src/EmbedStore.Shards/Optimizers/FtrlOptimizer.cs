using System.Numerics;

namespace EmbedStore.Shards;

/// <summary>
/// <c>n' = n + g²</c>; <c>z += g − (n'⁻ᵖ − n⁻ᵖ) / rate · w</c>; <c>w = (sign(z) · λ₁ − z) / (n'⁻ᵖ / rate + 2 λ₂)</c> where |z| &gt; λ₁, 0 elsewhere; p is
/// <see cref="Power"/>. State: n, then z. Source: ApplyFtrl of TensorFlow.
/// </summary>
/// <remarks>The weight is a function of z, so that a row that does not start from zeros jumps with its first step. A rate of 0 leaves the row as it is.</remarks>
public sealed record FtrlOptimizer : RowOptimizer
{
    /// <summary>λ₁. At least 0.</summary>
    public double L1
    {
        get;
        init => field = value is >= 0 and < double.PositiveInfinity ? value : throw new ArgumentOutOfRangeException(nameof(L1), value, "Must be finite and at least 0.");
    }

    /// <summary>λ₂. At least 0.</summary>
    public double L2
    {
        get;
        init => field = value is >= 0 and < double.PositiveInfinity ? value : throw new ArgumentOutOfRangeException(nameof(L2), value, "Must be finite and at least 0.");
    }

    /// <summary>p. At most 0; −0.5 is a square root.</summary>
    public required double Power
    {
        get;
        init => field = value is <= 0 and > double.NegativeInfinity ? value : throw new ArgumentOutOfRangeException(nameof(Power), value, "Must be finite and at most 0.");
    }

    /// <inheritdoc/>
    public override int StateLength(int width) => 2 * width;

    private protected override FormattableString Description => $"ftrl(l1={L1}, l2={L2}, power={Power})";

    internal override void Step<T>(Span<T> row, ReadOnlySpan<T> gradient, Span<T> state, OptimizerStep step)
    {
        if (step.Rate == 0)
        {
            return;
        }

        Span<T> squares = state[..row.Length];
        Span<T> linear = state[row.Length..];
        T rate = T.CreateChecked(step.Rate);
        T l1 = T.CreateChecked(L1);
        T l2 = T.CreateChecked(2 * L2);
        for (int i = 0; i < row.Length; i++)
        {
            T g = gradient[i];
            T before = Root(squares[i]);
            squares[i] += g * g;
            T after = Root(squares[i]);
            linear[i] += g - ((after - before) / rate * row[i]);
            T z = linear[i];
            T slope = (after / rate) + l2;

            // A gradient whose square is too small for the type leaves n at 0: without a slope the weight would be infinite, and no later step would bring it back.
            row[i] = T.Abs(z) > l1 && slope > T.Zero ? ((l1 * T.CreateChecked(T.Sign(z))) - z) / slope : T.Zero;
        }
    }

    // Math.Pow differs between machines in the last bit; the square root, which everybody uses, does not.
    private T Root<T>(T square)
        where T : unmanaged, IFloatingPointIeee754<T> =>
        Power == -0.5 ? T.Sqrt(square) : T.Pow(square, T.CreateChecked(-Power));
}
