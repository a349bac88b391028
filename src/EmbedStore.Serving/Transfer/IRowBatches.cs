namespace EmbedStore.Serving;

/// <summary>A run of rows on their way into a table.</summary>
/// <param name="Rows">Shape [n], valid in the table.</param>
/// <param name="Values">Shape [n, K] in the table's value type.</param>
internal readonly record struct RowBatch(RowList Rows, ReadOnlyMemory<byte> Values);

/// <summary>The rows of a file, in runs. Each enumeration reads the file again.</summary>
internal interface IRowBatches
{
    /// <exception cref="Tensors.EmbedStoreException">The file is not what its format says, or does not fit the table.</exception>
    IEnumerable<RowBatch> Read();
}
