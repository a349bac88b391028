namespace EmbedStore.Tensors;

/// <summary>Steps 2 to 5 of <see cref="SubscriptResolver"/>: basic items make a view of the table, index tensors then pick from the view.</summary>
internal sealed class SubscriptLayout(TableShape table, Dialect dialect, KeyTensor? keys, ArraySource arrays)
{
    private readonly List<ViewAxis> _view = ViewAxis.Of(table);
    private readonly List<(int Axis, Operand Operand)> _recorded = [];
    private EmbedStoreException? _selectionOutside;
    private EmbedStoreException? _openDimension;
    private long _rowBase;
    private int _columnBase;
    private int _cursor;

    /// <summary>Step 2: gives each operand its axes of the view.</summary>
    public void Place(List<Operand> operands)
    {
        bool integersJoin = dialect == Dialect.NumPy && operands.Exists(static operand => operand is IndicesOperand or MaskOperand);
        int left = table.Sizes.Rank - operands.Sum(static operand => operand.DimensionCount);
        foreach (Operand operand in operands)
        {
            RefuseOpen(operand);
            Place(operand, integersJoin, left);
        }
    }

    /// <summary>Steps 3 to 5.</summary>
    public SubscriptPlan ToPlan(PlanLimits limits, Action<TensorShape>? checkShape)
    {
        List<AdvancedIndex> indices = AdvancedIndices.Expand(_recorded, _view, dialect, limits, arrays, out EmbedStoreException? maskMismatch);
        TensorShape? blockShape = AdvancedIndices.Broadcast(indices);
        ThrowFirst(maskMismatch, _openDimension);
        limits.RequireIndexCount(blockShape?.ElementCount ?? 0);

        (PlanAxis[] before, PlanAxis[] after) = SplitAxes(indices);
        RequireRank(before.Length + after.Length + (blockShape?.Rank ?? 0));
        checkShape?.Invoke(SubscriptPlan.ShapeOf(before, blockShape, after));
        ThrowFirst(_selectionOutside);
        RequireKeys(indices, blockShape);
        PlanBlock? block = blockShape is null ? null : BuildBlock(indices, blockShape);
        return new SubscriptPlan(table, _rowBase, _columnBase, before, block, after, keys?.Keys, arrays);
    }

    /// <summary>A key that selects is checked as an integer is: even when the result is empty.</summary>
    private void RequireKeys(List<AdvancedIndex> indices, TensorShape? blockShape)
    {
        if (keys is { } given && (blockShape is null || IsChecked(indices, blockShape)) && given.Keys.FirstInvalid() is >= 0 and int bad)
        {
            throw IndexErrors.NoKey(given.Name, given.Shape.CoordinatesOf(bad), given.Keys[bad]);
        }
    }

    private void Place(Operand operand, bool integersJoin, int left)
    {
        switch (operand)
        {
            case IntegerOperand integer when !integersJoin:
                Select(integer);
                break;
            case SliceOperand slice:
                Slice(slice);
                break;
            case NewAxisOperand:
                _view.Insert(_cursor++, ViewAxis.New);
                break;
            case EllipsisOperand:
                _recorded.Add((_cursor, operand));
                _cursor += left;
                break;
            case MaskOperand { Shape.Rank: 0 }:
                _view.Insert(_cursor, ViewAxis.New);
                _recorded.Add((_cursor++, operand));
                break;
            default:
                CheckJoining(operand);
                _recorded.Add((_cursor, operand));

                // PyTorch counts a mask as one axis until its index tensors are made: what follows it lands on the next axis, and rarely fits.
                _cursor += dialect == Dialect.NumPy ? operand.DimensionCount : 1;
                break;
        }
    }

    /// <summary>An integer among index tensors is checked as one that selects: even when the result is empty.</summary>
    private void CheckJoining(Operand operand)
    {
        if (operand is IntegerOperand integer)
        {
            CheckSelection(integer);
        }
    }

    private long CheckSelection(IntegerOperand integer)
    {
        ViewAxis axis = _view[_cursor];
        long index = integer.Value;
        if (axis.IsOpen || IndexCheck.TryCount(ref index, axis.Size))
        {
            return index;
        }

        _selectionOutside ??= IndexErrors.OutOfRange(integer.Tensor, [], axis.Dimension, integer.Value, axis.Size);
        return 0;
    }

    private void Select(IntegerOperand integer)
    {
        ViewAxis axis = _view[_cursor];
        long index = CheckSelection(integer);
        _rowBase += index * axis.RowStride;
        _columnBase += axis.ColumnStride == 0 ? 0 : (int)index;
        _view.RemoveAt(_cursor);
    }

    private void Slice(SliceOperand slice)
    {
        ViewAxis axis = _view[_cursor];
        (long start, long count) = SliceBounds.Clamp(slice, axis.Size);
        if (count == 0)
        {
            start = 0;
        }

        // A slice of at most one element never steps; a step beyond an int would not fit the plan.
        long step = count > 1 ? slice.Step : 1;
        _rowBase += start * axis.RowStride;
        _columnBase += axis.ColumnStride * (int)start;
        _view[_cursor++] = axis with { Size = count, RowStride = axis.RowStride * step, ColumnStride = axis.ColumnStride * (int)step };
    }

    private void RefuseOpen(Operand operand)
    {
        if (table.IsOpen && _openDimension is null && _cursor == 0 && _view.Count == table.Sizes.Rank && operand is not (IntegerOperand or IndicesOperand))
        {
            _openDimension = OpenDimension.Refuse(
                table.HasKeys ? "The first item of a subscript on a table with string keys is a tensor of strings." : "The first item of a subscript on an open vocabulary is an integer or an integer tensor of row ids.",
                table.HasKeys ? "a tensor of strings" : "an integer or an integer tensor",
                NameOf(operand));
        }
    }

    private static string NameOf(Operand operand) => operand switch
    {
        SliceOperand => "a slice",
        MaskOperand => "a mask",
        NewAxisOperand => "None",
        _ => "...",
    };

    private static void ThrowFirst(params ReadOnlySpan<EmbedStoreException?> errors)
    {
        foreach (EmbedStoreException? error in errors)
        {
            if (error is not null)
            {
                throw error;
            }
        }
    }

    private static void RequireRank(int rank)
    {
        if (rank > TensorShape.RankMax)
        {
            throw new EmbedStoreException(
                ErrorCode.TooManyIndices,
                $"The result would have {rank} dimensions; the limit is {TensorShape.RankMax}.",
                new Fact("expected", TensorShape.RankMax),
                new Fact("actual", rank));
        }
    }

    /// <summary>Step 5: the block stands where the first index tensor stood when all are neighbours, and first otherwise.</summary>
    private (PlanAxis[] Before, PlanAxis[] After) SplitAxes(List<AdvancedIndex> indices)
    {
        PlanAxis[] Axes(Func<int, bool> keep) => _view
            .Where((_, i) => keep(i) && !indices.Exists(index => index.Axis == i))
            .Select(static axis => new PlanAxis(axis.Size, axis.RowStride, axis.ColumnStride))
            .ToArray();

        if (indices.Count == 0 || AreSeparated(indices))
        {
            return ([], Axes(static _ => true));
        }

        int first = indices[0].Axis;
        return (Axes(i => i < first), Axes(i => i > first));
    }

    private bool AreSeparated(List<AdvancedIndex> indices)
    {
        int first = indices[0].Axis;
        int last = indices[^1].Axis;

        // In NumPy an ellipsis separates even when it stands for no dimension.
        bool byEllipsis = dialect == Dialect.NumPy && _recorded.Exists(item => item.Operand is EllipsisOperand && IsBetween(item, first, last));
        return byEllipsis || last - first != indices.Count - 1;
    }

    private bool IsBetween((int Axis, Operand Operand) ellipsis, int first, int last)
    {
        int at = _recorded.IndexOf(ellipsis);
        return ellipsis.Axis > first && ellipsis.Axis <= last && at > 0 && at < _recorded.Count - 1;
    }

    /// <summary>Step 4.</summary>
    private PlanBlock BuildBlock(List<AdvancedIndex> indices, TensorShape shape)
    {
        bool withColumns = indices.Exists(index => _view[index.Axis].ColumnStride != 0);
        bool isChecked = IsChecked(indices, shape);
        if (isChecked && indices is [var ids] && _view[ids.Axis] is { RowStride: 1 } rowAxis)
        {
            return new PlanBlock(shape, ids.Checked(rowAxis, arrays), null);   // [ids]: the indices are the row ids
        }

        int count = checked((int)shape.ElementCount);
        Memory<long> rows = arrays.RentZeros<long>(count);
        Memory<long> columns = withColumns ? arrays.RentZeros<long>(count) : default;
        foreach (AdvancedIndex index in isChecked ? indices : [])
        {
            ViewAxis axis = _view[index.Axis];
            index.AddTo(axis.ColumnStride != 0 ? columns.Span : rows.Span, shape, axis, arrays);
        }

        return new PlanBlock(shape, rows, withColumns ? columns : default(ReadOnlyMemory<long>?));
    }

    /// <summary>Indices into an empty result are not looked at. PyTorch alone still refuses to pick from a dimension that has nothing in it.</summary>
    private bool IsChecked(List<AdvancedIndex> indices, TensorShape blockShape)
    {
        bool picksFromNothing = dialect == Dialect.PyTorch && indices.Exists(index => _view[index.Axis] is { Size: 0, IsOpen: false });
        bool slicesHaveElements = !_view.Where((axis, i) => axis.Size == 0 && !axis.IsOpen && !indices.Exists(index => index.Axis == i)).Any();
        return blockShape.ElementCount > 0 && (picksFromNothing || slicesHaveElements);
    }
}

/// <summary>The tensor that names rows by keys.</summary>
internal sealed record KeyTensor(string Name, TensorShape Shape, RowKeys Keys);
