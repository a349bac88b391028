using System.Runtime.InteropServices;
using EmbedStore.Shards;
using EmbedStore.Tensors;

namespace EmbedStore.Serving;

/// <summary>What an update does, entry by entry, before it is split by shard.</summary>
/// <param name="Kind">Assign, Accumulate or Erase.</param>
/// <param name="RowIds">Shape [n].</param>
/// <param name="ElementColumns">Shape [n] when each entry writes one element in a column of its own; empty otherwise.</param>
/// <param name="Columns">The elements that each entry writes otherwise.</param>
/// <param name="Values">Shape [n, count]; empty for Erase.</param>
internal readonly record struct UpdateEntries(
    RowWriteKind Kind, ReadOnlyMemory<long> RowIds, ReadOnlyMemory<int> ElementColumns, ColumnRange Columns, ReadOnlyMemory<byte> Values)
{
    /// <summary>One write for each shard that has entries. Copies values unless one shard has all.</summary>
    public IReadOnlyList<ShardWrite> SplitBy(IndexPlan plan, RowFormat rows, long versionMin)
    {
        var writes = new List<ShardWrite>();
        for (int shard = 0; shard < plan.ShardCount; shard++)
        {
            if (!plan.RowIdsOf(shard).IsEmpty)
            {
                writes.Add(new ShardWrite(shard, WriteOf(plan.RowIdsOf(shard), plan.PositionsOf(shard), rows, versionMin)));
            }
        }

        return writes;
    }

    private RowWrite WriteOf(ReadOnlyMemory<long> rowIds, ReadOnlyMemory<int> positions, RowFormat rows, long versionMin)
    {
        int entryByteCount = Kind == RowWriteKind.Erase ? 0 : Columns.Count * rows.ValueType.ByteCount();
        return new RowWrite
        {
            Kind = Kind,
            RowIds = rowIds,
            Columns = Columns,
            ColumnOf = Kind == RowWriteKind.Erase ? default : Pick(ElementColumns, positions),
            Values = positions.IsEmpty ? Values : PickValues(positions.Span, entryByteCount),
            VersionMin = versionMin,
        };
    }

    private static ReadOnlyMemory<int> Pick(ReadOnlyMemory<int> columns, ReadOnlyMemory<int> positions) =>
        columns.IsEmpty || positions.IsEmpty ? columns : MemoryMarshal.ToEnumerable(positions).Select(position => columns.Span[position]).ToArray();

    private byte[] PickValues(ReadOnlySpan<int> positions, int entryByteCount)
    {
        ReadOnlySpan<byte> values = Values.Span;
        byte[] picked = GC.AllocateUninitializedArray<byte>(checked(positions.Length * entryByteCount));
        for (int i = 0; i < positions.Length; i++)
        {
            values.Slice(positions[i] * entryByteCount, entryByteCount).CopyTo(picked.AsSpan(i * entryByteCount));
        }

        return picked;
    }
}
