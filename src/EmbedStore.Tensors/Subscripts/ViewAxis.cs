namespace EmbedStore.Tensors;

/// <summary>One axis of the view that basic items make of a table.</summary>
/// <param name="Size">Places along the axis; 0 and meaningless when it is open.</param>
/// <param name="RowStride">Row ids that one step skips.</param>
/// <param name="ColumnStride">Elements of a row that one step skips; not 0 for the row's own dimension only.</param>
/// <param name="Dimension">The table's dimension, or -1 for a new axis.</param>
/// <param name="IsOpen">True for the ids of an open vocabulary, which are taken as they are.</param>
internal readonly record struct ViewAxis(long Size, long RowStride, int ColumnStride, int Dimension, bool IsOpen)
{
    /// <summary>What <c>None</c> inserts.</summary>
    public static readonly ViewAxis New = new(1, 0, 0, -1, false);

    /// <summary>The whole table.</summary>
    public static List<ViewAxis> Of(TableShape table)
    {
        var axes = new List<ViewAxis>();
        for (int i = 0; i < table.Sizes.Rank; i++)
        {
            axes.Add(i < table.RowStrides.Count
                ? new ViewAxis(table.Sizes[i], table.RowStrides[i], 0, i, table.IsOpen && i == 0)
                : new ViewAxis(table.Sizes[i], 0, 1, i, false));
        }

        return axes;
    }
}
