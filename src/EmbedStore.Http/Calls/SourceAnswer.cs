using System.Runtime.InteropServices;
using EmbedStore.Tensors;

namespace EmbedStore.Http;

/// <summary>The tensors of a <c>source</c> call: positions and, with rows, the unique row ids, which of them each entry uses, and how often each is used.</summary>
/// <remarks>Unique ids rise, and keys by their bytes. <c>unique[inverse]</c> is the row id of each entry, <c>counts</c> has one number for each unique id.</remarks>
internal static class SourceAnswer
{
    public static IReadOnlyList<AnswerTensor> Of(SubscriptPlan plan, bool withRows)
    {
        var tensors = new List<AnswerTensor>();
        if (!plan.Table.IsOpen || !withRows)
        {
            tensors.Add(new MemoryTensor("positions", Tensor.Of(plan.ResultShape, plan.Positions())));
        }

        if (withRows)
        {
            tensors.AddRange(plan.EntryKeys() is { } keys ? Rows(plan, keys) : Rows(plan));
        }

        return tensors;
    }

    private static IEnumerable<AnswerTensor> Rows(SubscriptPlan plan)
    {
        ReadOnlySpan<long> rowIds = plan.RowIds().Span;
        long[] unique = rowIds.ToArray();
        Array.Sort(unique);
        int uniqueCount = Distinct(unique);
        var inverse = new long[rowIds.Length];
        var counts = new long[uniqueCount];
        for (int i = 0; i < rowIds.Length; i++)
        {
            int at = Array.BinarySearch(unique, 0, uniqueCount, rowIds[i]);
            inverse[i] = at;
            counts[at]++;
        }

        return Answer(plan, new MemoryTensor("unique", Tensor.Of(TensorShape.Of(uniqueCount), unique.AsSpan(0, uniqueCount))), inverse, counts);
    }

    private static IEnumerable<AnswerTensor> Rows(SubscriptPlan plan, RowKeys keys)
    {
        int[] rising = Enumerable.Range(0, keys.Count).ToArray();
        Array.Sort(rising, (left, right) => keys[left].SequenceCompareTo(keys[right]));
        var unique = new List<int>();
        var inverse = new long[keys.Count];
        var counts = new List<long>();
        foreach (int place in rising)
        {
            if (unique.Count == 0 || !keys[place].SequenceEqual(keys[unique[^1]]))
            {
                unique.Add(place);
                counts.Add(0);
            }

            inverse[place] = unique.Count - 1;
            counts[^1]++;
        }

        return Answer(plan, new KeysTensor("unique", TensorShape.Of(unique.Count), keys.Pick<int>(CollectionsMarshal.AsSpan(unique))), inverse, [.. counts]);
    }

    private static IEnumerable<AnswerTensor> Answer(SubscriptPlan plan, AnswerTensor unique, long[] inverse, long[] counts)
    {
        TensorShape entries = plan.EntryShape.ElementCount == inverse.Length ? plan.EntryShape : TensorShape.Of(inverse.Length);
        return
        [
            unique,
            new MemoryTensor("inverse", Tensor.Of(entries, inverse)),
            new MemoryTensor("counts", Tensor.Of(TensorShape.Of(counts.Length), counts)),
        ];
    }

    /// <summary>Moves each value of a sorted array to the front once; how many there are.</summary>
    private static int Distinct(long[] sorted)
    {
        int count = 0;
        for (int i = 0; i < sorted.Length; i++)
        {
            if (i == 0 || sorted[i] != sorted[i - 1])
            {
                sorted[count++] = sorted[i];
            }
        }

        return count;
    }
}
