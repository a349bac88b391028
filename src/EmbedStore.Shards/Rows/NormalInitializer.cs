namespace EmbedStore.Shards;

internal sealed record NormalInitializer : RowInitializer
{
    public NormalInitializer(double mean, double standardDeviation, long seed)
    {
        Mean = Finite(mean, nameof(mean));
        StandardDeviation = Finite(standardDeviation, nameof(standardDeviation));
        ArgumentOutOfRangeException.ThrowIfNegative(standardDeviation);
        Seed = seed;
    }

    public double Mean { get; }

    public double StandardDeviation { get; }

    public long Seed { get; }

    private protected override string Description => FormattableString.Invariant($"normal({Mean:R}, {StandardDeviation:R}, {Seed})");

    private protected override void FillValues(long rowId, int firstColumn, Span<double> values)
    {
        ulong row = RowHash.Row(Seed, rowId);
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = Mean + (StandardDeviation * NormalQuantile.Of(RowHash.OpenFraction(row, firstColumn + i)));
        }
    }
}
