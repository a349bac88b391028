namespace EmbedStore.Shards;

internal sealed record ConstantInitializer : RowInitializer
{
    public ConstantInitializer(double value) => Value = Finite(value, nameof(value));

    public double Value { get; }

    private protected override string Description => FormattableString.Invariant($"constant({Value:R})");

    private protected override void FillValues(long rowId, int firstColumn, Span<double> values) => values.Fill(Value);
}
