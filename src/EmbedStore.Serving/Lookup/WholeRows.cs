using EmbedStore.Tensors;

namespace EmbedStore.Serving;

/// <summary>The subscript that most requests have, <c>[ids]</c>: whole rows by one tensor of ids, planned in rented memory.</summary>
internal static class WholeRows
{
    /// <summary>The entries of a gather of this kind.</summary>
    /// <returns>Null for any other gather, and for one with a mistake: <see cref="SubscriptResolver"/> knows them all, and which comes first.</returns>
    public static LookupEntries? TryPlan(Table table, LookupRequest request, ElementType type, ServingLimits limits, RequestMemory memory)
    {
        if (request.Subscript.Items is not [TensorItem item] || request.Tensors.Count != 1 || !request.Tensors.TryGetValue(item.Name, out Tensor? ids) || !FitsTable(table.Shape, ids))
        {
            return null;
        }

        long[] sizes = table.Shape.HasColumns ? [.. ids.Shape.Sizes, table.Shape.RowWidth] : [.. ids.Shape.Sizes];
        if (sizes.Length > TensorShape.RankMax || !TensorShape.TryCreate(sizes, out TensorShape? shape) || !FitsLimits(ids.Shape, shape, type, limits))
        {
            return null;
        }

        Memory<long> rowIds = memory.Rent<long>((int)ids.Shape.ElementCount);
        ElementConverter.ReadIntegers(ids, rowIds.Span);
        return table.Shape.IsOpen || TryCountFromEnd(rowIds.Span, table.Shape.RowCount)
            ? new LookupEntries(shape, ids.Shape, new RowList(rowIds, null), default)
            : null;
    }

    private static bool FitsTable(TableShape table, Tensor ids) => table.Sizes.Rank <= 2 && !table.HasKeys && ids.Type.IsInteger();

    private static bool FitsLimits(TensorShape ids, TensorShape result, ElementType type, ServingLimits limits) =>
        ids.ElementCount <= limits.IdCountMax
        && (Int128)ids.ElementCount * sizeof(long) <= limits.ResultByteCountMax
        && (Int128)result.ElementCount * type.ByteCount() <= limits.ResultByteCountMax;

    /// <returns>False when an id is out of range.</returns>
    private static bool TryCountFromEnd(Span<long> rowIds, long rowCount)
    {
        foreach (ref long rowId in rowIds)
        {
            rowId = rowId < 0 ? rowId + rowCount : rowId;
            if (rowId < 0 || rowId >= rowCount)
            {
                return false;
            }
        }

        return true;
    }
}
