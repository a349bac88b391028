using System.Runtime.InteropServices;
using EmbedStore.Shards;
using EmbedStore.Tensors;

namespace EmbedStore.Serving;

/// <summary>What an update does, entry by entry, before it is split by shard.</summary>
/// <param name="Kind">What happens.</param>
/// <param name="Rows">Shape [n].</param>
/// <param name="ElementColumns">Shape [n] when each entry writes one element in a column of its own; empty otherwise.</param>
/// <param name="Columns">The elements that each entry writes otherwise.</param>
/// <param name="Values">Shape [n, count]; empty for Erase.</param>
internal readonly record struct UpdateEntries(
    RowWriteKind Kind, RowList Rows, ReadOnlyMemory<int> ElementColumns, ColumnRange Columns, ReadOnlyMemory<byte> Values)
{
    /// <summary>Of an Apply.</summary>
    public OptimizerStep Step { get; init; }

    /// <summary>Whose request this is; null: nobody's.</summary>
    public WriterClaim? Writer { get; init; }

    /// <summary>When the first entry uses its row; 0: uses are not counted.</summary>
    public long FirstTick { get; init; }

    /// <summary>One write for each shard that has entries. Copies values unless one shard has all.</summary>
    public IReadOnlyList<ShardWrite> SplitBy(IndexPlan plan, long versionMin)
    {
        int[] shards = Enumerable.Range(0, plan.ShardCount).Where(shard => !plan.RowIdsOf(shard).IsEmpty).ToArray();
        if (shards.Length == 0 && Writer is { } writer)
        {
            shards = [TableWriters.HomeOf(writer.Name, plan.ShardCount)];
        }

        WriterStamp? stamp = Writer is { } claim
            ? new WriterStamp(claim.Name, claim.Epoch, claim.Sequence, Array.ConvertAll(shards, static shard => (ushort)shard))
            : null;
        var writes = new ShardWrite[shards.Length];
        for (int i = 0; i < shards.Length; i++)
        {
            writes[i] = new ShardWrite(shards[i], WriteOf(plan.RowIdsOf(shards[i]), plan.PositionsOf(shards[i]), stamp, versionMin));
        }

        return writes;
    }

    private RowWrite WriteOf(ReadOnlyMemory<long> rowIds, ReadOnlyMemory<int> positions, WriterStamp? stamp, long versionMin)
    {
        int entryByteCount = Rows.Count == 0 ? 0 : Values.Length / Rows.Count;
        return new RowWrite
        {
            Kind = Kind,
            RowIds = rowIds,
            Keys = positions.IsEmpty ? Rows.Keys : Rows.Keys?.Pick(positions.Span),
            Columns = Columns,
            ColumnOf = Kind == RowWriteKind.Erase ? default : Pick(ElementColumns, positions),
            Values = positions.IsEmpty ? Values : PickValues(positions.Span, entryByteCount),
            Step = Step,
            Writer = stamp,
            VersionMin = versionMin,
            FirstTick = FirstTick,
            Positions = FirstTick > 0 ? positions : default,
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
