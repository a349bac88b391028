using System.Numerics.Tensors;

namespace EmbedStore.Tensors;

/// <summary>A subscript resolved against a table's shape: which element of which row stands at each place of the result.</summary>
/// <remarks>
/// <para>The result is walked row-major. An <i>entry</i> is one run of it that lies in one row: <see cref="Columns"/> of row
/// <c>RowIds()[entry]</c>. When <see cref="ByElement"/> is set the row's dimension was itself indexed, and an entry is a single
/// element, in the column <c>ElementColumns()[entry]</c>.</para>
/// <para>For <c>[ids]</c> and <c>[ids, a:b]</c> the entries are the ids: nothing is computed per element.</para>
/// <para>Every subscript comes down to <c>axes before × block × axes after</c>: the block is what the index tensors gave, already
/// summed into row ids and columns; an axis is a slice, and adds <c>coordinate × stride</c>.</para>
/// <para>Immutable. Valid as long as the arrays that it was resolved into.</para>
/// </remarks>
public sealed class SubscriptPlan
{
    private readonly long _rowBase;
    private readonly PlanAxis[] _before;
    private readonly PlanBlock? _block;
    private readonly PlanAxis[] _after;
    private readonly ArraySource _arrays;

    internal SubscriptPlan(TableShape table, long rowBase, int columnBase, PlanAxis[] before, PlanBlock? block, PlanAxis[] after, RowKeys? keys, ArraySource arrays)
    {
        _arrays = arrays;
        Table = table;
        Keys = keys;
        _rowBase = rowBase;
        _before = before;
        _block = block;
        _after = after;
        ByElement = block?.Columns is not null;

        Columns = new ColumnRange(columnBase, 1, 1);
        foreach (PlanAxis axis in before.Concat(after).Where(static axis => axis.ColumnStride != 0))
        {
            Columns = new ColumnRange(columnBase, checked((int)axis.Size), axis.ColumnStride);
        }

        ResultShape = ShapeOf(static _ => true);
        EntryShape = ByElement ? ResultShape : ShapeOf(static axis => axis.ColumnStride == 0);
        EntryCount = ResultShape.ElementCount == 0 ? 0 : EntryShape.ElementCount;
    }

    /// <summary>The table's shape that the subscript was resolved against.</summary>
    public TableShape Table { get; }

    /// <summary>Shape of what the subscript selects, as the library of its <see cref="Dialect"/> gives it.</summary>
    public TensorShape ResultShape { get; }

    /// <summary>One place for each entry: <see cref="ResultShape"/> without the row's own dimension, or the whole of it when <see cref="ByElement"/>.</summary>
    public TensorShape EntryShape { get; }

    /// <summary>Number of entries; 0 when the result is empty.</summary>
    public long EntryCount { get; }

    /// <summary>True when each entry is one element with a column of its own.</summary>
    public bool ByElement { get; }

    /// <summary>The elements that each entry reads or writes. One element when <see cref="ByElement"/>; its start then means nothing.</summary>
    public ColumnRange Columns { get; }

    /// <summary>On a table with keys, what was sent. Null otherwise.</summary>
    public RowKeys? Keys { get; }

    /// <summary>Key of each entry, on a table with keys; null otherwise.</summary>
    public RowKeys? EntryKeys() => Keys?.Pick(RowIds().Span, _arrays);

    /// <summary>Row id of each entry; on a table with keys, its place in <see cref="Keys"/>. May be an array that the plan keeps: read only.</summary>
    public ReadOnlyMemory<long> RowIds()
    {
        if (_block is { } block && _rowBase == 0 && EntryCount == block.Rows.Length)
        {
            return block.Rows;
        }

        Memory<long> rowIds = _arrays.Rent<long>((int)EntryCount);
        Walk(rowIds.Span, _rowBase, _block?.Rows, static axis => axis.RowStride);
        return rowIds;
    }

    /// <summary>Column of each entry when <see cref="ByElement"/>; empty otherwise.</summary>
    public ReadOnlyMemory<int> ElementColumns()
    {
        if (!ByElement)
        {
            return default;
        }

        Memory<int> columns = _arrays.Rent<int>((int)EntryCount);
        TensorPrimitives.ConvertChecked<long, int>(WalkColumns().Span, columns.Span);
        return columns;
    }

    /// <summary>Flat row-major position in the table of each element of the result.</summary>
    /// <exception cref="EmbedStoreException"><see cref="ErrorCode.OpenDimension"/>: an open vocabulary has no positions.</exception>
    public long[] Positions()
    {
        if (Table.IsOpen)
        {
            throw OpenDimension.Refuse("An open vocabulary has row ids but no positions; ask for rows=true.", "a table of a fixed number of rows", Table.ToString());
        }

        ReadOnlySpan<long> rowIds = RowIds().Span;
        ReadOnlySpan<long> columns = ByElement ? WalkColumns().Span : [];
        var positions = new long[EntryCount * Columns.Count];
        for (int entry = 0; entry < rowIds.Length; entry++)
        {
            long first = (rowIds[entry] * Table.RowWidth) + (ByElement ? columns[entry] : Columns.Start);
            for (int i = 0; i < Columns.Count; i++)
            {
                positions[(entry * Columns.Count) + i] = first + ((long)i * Columns.Step);
            }
        }

        return positions;
    }

    private ReadOnlyMemory<long> WalkColumns()
    {
        Memory<long> columns = _arrays.Rent<long>((int)EntryCount);
        Walk(columns.Span, 0, _block!.Value.Columns, static _ => 0);
        return columns;
    }

    /// <summary>The shape of axes before × block × axes after.</summary>
    internal static TensorShape ShapeOf(IEnumerable<PlanAxis> before, TensorShape? block, IEnumerable<PlanAxis> after)
    {
        IEnumerable<long> sizes = before.Select(static axis => axis.Size).Concat(block is null ? [] : block).Concat(after.Select(static axis => axis.Size));
        return TensorShape.TryCreate(sizes.ToArray(), out TensorShape? shape) ? shape : throw PlanLimits.Overflow();
    }

    private TensorShape ShapeOf(Func<PlanAxis, bool> keep) => ShapeOf(_before.Where(keep), _block?.Shape, _after.Where(keep));

    /// <summary>Fills <paramref name="target"/> with start + axes + block in the order of the entries.</summary>
    private void Walk(Span<long> target, long start, ReadOnlyMemory<long>? block, Func<PlanAxis, long> strideOf)
    {
        if (target.IsEmpty)
        {
            return;
        }

        target[0] = start;
        int filled = 1;
        Widen(_before, target, ref filled, strideOf);
        if (block is { } steps)
        {
            Widen(steps.Span, target, ref filled);
        }

        Widen(_after, target, ref filled, strideOf);
    }

    private void Widen(PlanAxis[] axes, Span<long> target, ref int filled, Func<PlanAxis, long> strideOf)
    {
        foreach (PlanAxis axis in axes)
        {
            if (ByElement || axis.ColumnStride == 0)
            {
                Widen((int)axis.Size, strideOf(axis), target, ref filled);
            }
        }
    }

    /// <summary>Replaces each of the first <paramref name="filled"/> values by its sums with all <paramref name="steps"/>, from the back so that it works in place.</summary>
    private static void Widen(ReadOnlySpan<long> steps, Span<long> target, ref int filled)
    {
        for (int i = filled - 1; i >= 0; i--)
        {
            long value = target[i];
            for (int j = steps.Length - 1; j >= 0; j--)
            {
                target[(i * steps.Length) + j] = value + steps[j];
            }
        }

        filled *= steps.Length;
    }

    /// <summary>The same with the steps 0, <paramref name="stride"/>, 2 × <paramref name="stride"/>, ...</summary>
    private static void Widen(int stepCount, long stride, Span<long> target, ref int filled)
    {
        for (int i = filled - 1; i >= 0; i--)
        {
            long value = target[i];
            for (int j = stepCount - 1; j >= 0; j--)
            {
                target[(i * stepCount) + j] = value + (j * stride);
            }
        }

        filled *= stepCount;
    }
}

/// <summary>A dimension of the result that a slice gave. New axes have size 1 and no stride.</summary>
internal readonly record struct PlanAxis(long Size, long RowStride, int ColumnStride);

/// <summary>The dimensions of the result that the index tensors gave, summed: row ids, and columns when the row's dimension was indexed too.</summary>
internal readonly record struct PlanBlock(TensorShape Shape, ReadOnlyMemory<long> Rows, ReadOnlyMemory<long>? Columns);
