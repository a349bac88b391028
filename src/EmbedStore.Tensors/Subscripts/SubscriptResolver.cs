namespace EmbedStore.Tensors;

/// <summary>Binds a subscript to a table's shape and the request's tensors, by the rules of API section 2.</summary>
/// <remarks>
/// Steps: (1) names become tensors, (2) each item gets its dimension, (3) masks become coordinates and index tensors broadcast,
/// (4) indices are checked and summed into row ids and columns, (5) the block takes its place among the slices.
/// All checks come before the plan exists, so a plan never points outside its table.
/// </remarks>
public static class SubscriptResolver
{
    /// <summary>Resolves a subscript.</summary>
    /// <param name="subscript">What to select.</param>
    /// <param name="table">Shape of the table.</param>
    /// <param name="tensors">The tensors that the subscript names, and no others. Row keys as STR.</param>
    /// <param name="dialect">Whose rules hold.</param>
    /// <param name="limits">Checked before anything of that size is allocated.</param>
    /// <param name="checkShape">Refuses what the caller cannot do with a result of this shape; comes before any index is looked at. Null: nothing.</param>
    /// <param name="arrays">What the plan lives in. Null: new arrays.</param>
    /// <exception cref="EmbedStoreException">
    /// In this order: MalformedSubscript (a negative step), UnknownTensor, MissingTensor, UnsupportedDtype, TooManyIndices, ShapeMismatch, MaskMismatch,
    /// OpenDimension, ResultTooLarge, what <paramref name="checkShape"/> refuses, IndexOutOfRange. What <see cref="Argmax"/> refuses comes with UnsupportedDtype.
    /// An index is not checked when the result is empty, as in both libraries; an integer of the subscript is.
    /// </exception>
    public static SubscriptPlan Resolve(
        Subscript subscript,
        TableShape table,
        IReadOnlyDictionary<string, Tensor> tensors,
        Dialect dialect,
        PlanLimits limits,
        Action<TensorShape>? checkShape = null,
        ArraySource? arrays = null)
    {
        arrays ??= ArraySource.Heap;
        List<Operand> operands = OperandBinder.Bind(subscript, table, tensors, dialect, arrays);   // (1)
        var layout = new SubscriptLayout(table, dialect, KeysOf(subscript, table, tensors), arrays);
        layout.Place(ExpandEllipsis(operands, table));                                     // (2)
        return layout.ToPlan(limits, checkShape);                                          // (3) to (5)
    }

    /// <summary>Refuses what comes before all types and shapes: for callers with checks of their own that come after it.</summary>
    /// <exception cref="EmbedStoreException">MalformedSubscript (a negative step), UnknownTensor, MissingTensor.</exception>
    public static void RequireNames(Subscript subscript, IReadOnlyDictionary<string, Tensor> tensors, Dialect dialect) =>
        OperandBinder.RequireNames(subscript, tensors, dialect);

    private static KeyTensor? KeysOf(Subscript subscript, TableShape table, IReadOnlyDictionary<string, Tensor> tensors) =>
        table.HasKeys && subscript.Items[0] is TensorItem item && tensors[item.Name] is { Type: ElementType.Str, Keys: { } keys, Shape: { } shape }
            ? new KeyTensor(item.Name, shape, keys)
            : null;

    private static List<Operand> ExpandEllipsis(List<Operand> operands, TableShape table)
    {
        int rank = table.Sizes.Rank;
        int taken = operands.Sum(static operand => operand.DimensionCount);
        if (taken > rank)
        {
            throw new EmbedStoreException(
                ErrorCode.TooManyIndices,
                $"The subscript indexes {taken} dimensions; the table {table} has {rank}.",
                new Fact("expected", rank),
                new Fact("actual", taken));
        }

        int at = operands.FindIndex(static operand => operand is EllipsisOperand);
        int insertAt = at < 0 ? operands.Count : at + 1;
        operands.InsertRange(insertAt, Enumerable.Repeat(SliceOperand.Full, rank - taken));
        return operands;
    }
}
