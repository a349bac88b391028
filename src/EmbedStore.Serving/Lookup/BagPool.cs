using System.Numerics;
using System.Numerics.Tensors;

namespace EmbedStore.Serving;

/// <summary>Adds rows to the bags that they belong to, run after run.</summary>
/// <param name="plan">Which row goes where.</param>
/// <param name="width">Unit: elements.</param>
/// <param name="counts">Shape [bags], zeros at first: rows that each bag has.</param>
/// <param name="firstBag">The bag that is pooled first.</param>
internal sealed class BagPool<T>(BagPlan plan, int width, Memory<int> counts, int firstBag)
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly int _firstBag = firstBag;
    private int _bag = firstBag;

    /// <param name="first">Position of the first row in the ids.</param>
    /// <param name="rows">Shape [n, width].</param>
    /// <param name="pooled">Shape [bags, width], zeros at first.</param>
    public void Add(int first, ReadOnlySpan<T> rows, Span<T> pooled)
    {
        ReadOnlySpan<long> begins = plan.Begins.Span;
        ReadOnlySpan<long> rowIds = plan.Rows.Ids.Span;
        for (int i = 0; i < rows.Length / width; i++)
        {
            int position = first + i;
            while (position >= begins[_bag + 1])
            {
                _bag++;
            }

            if (rowIds[position] != plan.PaddingId)
            {
                Add(rows.Slice(i * width, width), position, pooled.Slice(_bag * width, width));
            }
        }
    }

    /// <summary>Divides what is a mean.</summary>
    /// <param name="endBag">The bag behind the last that was pooled.</param>
    /// <param name="pooled">Shape [bags, width].</param>
    public void Finish(int endBag, Span<T> pooled)
    {
        for (int bag = _firstBag; bag < endBag && plan.Mode == PoolingMode.Mean; bag++)
        {
            if (counts.Span[bag] > 1)
            {
                Span<T> row = pooled.Slice(bag * width, width);
                TensorPrimitives.Divide(row, T.CreateChecked(counts.Span[bag]), row);
            }
        }
    }

    private void Add(ReadOnlySpan<T> row, int position, Span<T> bag)
    {
        bool isFirst = counts.Span[_bag]++ == 0;
        if (plan.Mode == PoolingMode.Max)
        {
            Max(row, bag, isFirst);
        }
        else if (!plan.Weights.IsEmpty)
        {
            TensorPrimitives.MultiplyAdd(row, T.CreateChecked(plan.Weights.Span[position]), bag, bag);
        }
        else
        {
            TensorPrimitives.Add(row, bag, bag);
        }
    }

    private static void Max(ReadOnlySpan<T> row, Span<T> bag, bool isFirst)
    {
        for (int i = 0; i < row.Length; i++)
        {
            // A comparison with NaN is false: a NaN never replaces a number, and one that came first stays.
            if (isFirst || row[i] > bag[i])
            {
                bag[i] = row[i];
            }
        }
    }
}
