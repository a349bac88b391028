using EmbedStore.Tensors;

namespace EmbedStore.Serving;

/// <summary>Ids as an embedding takes them: they name rows and do not count from the end, as in <c>torch.nn.functional.embedding</c>.</summary>
internal static class EmbeddingIds
{
    /// <summary>Refuses a table whose rows one id does not name.</summary>
    /// <exception cref="EmbedStoreException"><see cref="ErrorCode.ShapeMismatch"/>.</exception>
    public static void RequireRows(Table table)
    {
        if (table.Shape.Sizes.Rank > 2)
        {
            throw TensorErrors.Shape("table", "at most 2 dimensions", table.Shape.ToString());
        }
    }

    /// <summary>Reads ids, or keys, and checks each.</summary>
    /// <param name="table">The table.</param>
    /// <param name="ids">Integers, or STR where the table has keys. Any shape.</param>
    /// <param name="memory">What the ids live in.</param>
    /// <exception cref="EmbedStoreException"><see cref="ErrorCode.IndexOutOfRange"/>.</exception>
    public static RowList Read(Table table, Tensor ids, RequestMemory memory)
    {
        if (table.Shape.HasKeys)
        {
            return ReadKeys(ids, memory);
        }

        Memory<long> rowIds = memory.Rent<long>((int)ids.Shape.ElementCount);
        ElementConverter.ReadIntegers(ids, rowIds.Span);
        if (!table.Shape.IsOpen)
        {
            RequireInRange(table.Shape.RowCount, ids.Shape, rowIds.Span);
        }

        return new RowList(rowIds, null);
    }

    private static RowList ReadKeys(Tensor ids, RequestMemory memory)
    {
        RowKeys keys = ids.Keys!;
        return keys.FirstInvalid() is >= 0 and int bad ? throw IndexErrors.NoKey("ids", ids.Shape.CoordinatesOf(bad), keys[bad]) : RowList.Of(keys, memory);
    }

    private static void RequireInRange(long rowCount, TensorShape shape, ReadOnlySpan<long> rowIds)
    {
        for (int i = 0; i < rowIds.Length; i++)
        {
            if (rowIds[i] < 0 || rowIds[i] >= rowCount)
            {
                throw IndexErrors.OutOfRange("ids", shape.CoordinatesOf(i), 0, rowIds[i], rowCount);
            }
        }
    }
}
