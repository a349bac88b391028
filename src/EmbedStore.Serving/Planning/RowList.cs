using EmbedStore.Shards;
using EmbedStore.Tensors;

namespace EmbedStore.Serving;

/// <summary>Rows in some order, repeats included: by id, or by key where the table has keys.</summary>
/// <param name="Ids">Shape [n]. Of keys, the ids that they ask for: they say which shard, and what a missing row reads as, but not which row.</param>
/// <param name="Keys">Shape [n], or null.</param>
public readonly record struct RowList(ReadOnlyMemory<long> Ids, RowKeys? Keys)
{
    /// <summary>The rows that keys name.</summary>
    /// <param name="keys">Shape [n].</param>
    /// <param name="arrays">What the ids live in. Null: new arrays.</param>
    public static RowList Of(RowKeys keys, ArraySource? arrays = null)
    {
        Memory<long> ids = (arrays ?? ArraySource.Heap).Rent<long>(keys.Count);
        KeyHash.Fill(keys, ids.Span);
        return new RowList(ids, keys);
    }

    /// <summary>The rows of a plan's entries.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="arrays">What the ids of keys live in. Null: new arrays.</param>
    public static RowList Of(SubscriptPlan plan, ArraySource? arrays = null) => plan.EntryKeys() is { } keys ? Of(keys, arrays) : new RowList(plan.RowIds(), null);

    /// <summary>Number of rows.</summary>
    public int Count => Ids.Length;

    /// <summary>A run of the rows.</summary>
    public RowList Slice(int first, int count) => new(Ids.Slice(first, count), Keys?.Slice(first, count));

    /// <summary>What names one row in an answer: an int64 or a string.</summary>
    public object NameOf(int place) => Keys is null ? Ids.Span[place] : Keys.TextOf(place);
}
