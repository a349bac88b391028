namespace EmbedStore.Shards;

internal sealed record IdentityInitializer : RowInitializer
{
    private protected override string Description => "identity";

    private protected override void FillValues(long rowId, int firstColumn, Span<double> values)
    {
        values.Clear();
        if (rowId >= firstColumn && rowId - firstColumn < values.Length)
        {
            values[(int)(rowId - firstColumn)] = 1;
        }
    }
}
