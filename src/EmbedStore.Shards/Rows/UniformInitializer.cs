namespace EmbedStore.Shards;

internal sealed record UniformInitializer : RowInitializer
{
    public UniformInitializer(double low, double high, long seed)
    {
        Low = Finite(low, nameof(low));
        High = Finite(high, nameof(high));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(low, high);
        Seed = seed;
        _ = Finite(high - low, nameof(high));
    }

    public double Low { get; }

    public double High { get; }

    public long Seed { get; }

    private protected override string Description => FormattableString.Invariant($"uniform({Low:R}, {High:R}, {Seed})");

    private protected override void FillValues(long rowId, int firstColumn, Span<double> values)
    {
        ulong row = RowHash.Row(Seed, rowId);
        double span = High - Low;
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = Low + (RowHash.Fraction(row, firstColumn + i) * span);
        }
    }
}
