using System.Numerics;
using System.Numerics.Tensors;

namespace EmbedStore.Serving;

/// <summary>Adds rows to the bags that they belong to, run after run.</summary>
internal sealed class BagPool<T>(BagPlan plan, int width)
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly int[] _counts = new int[plan.Begins.Length - 1];
    private int _bag;

    /// <param name="first">Position of the first row in the ids.</param>
    /// <param name="rows">Shape [n, width].</param>
    /// <param name="pooled">Shape [bags, width], zeros at first.</param>
    public void Add(int first, ReadOnlySpan<T> rows, Span<T> pooled)
    {
        ReadOnlySpan<long> ids = plan.Rows.Ids.Span;
        for (int i = 0; i < rows.Length / width; i++)
        {
            int position = first + i;
            while (position >= plan.Begins[_bag + 1])
            {
                _bag++;
            }

            if (ids[position] != plan.PaddingId)
            {
                Add(rows.Slice(i * width, width), position, pooled.Slice(_bag * width, width));
            }
        }
    }

    /// <summary>Divides what is a mean.</summary>
    public void Finish(Span<T> pooled)
    {
        for (int bag = 0; bag < _counts.Length && plan.Mode == PoolingMode.Mean; bag++)
        {
            if (_counts[bag] > 1)
            {
                Span<T> row = pooled.Slice(bag * width, width);
                TensorPrimitives.Divide(row, T.CreateChecked(_counts[bag]), row);
            }
        }
    }

    private void Add(ReadOnlySpan<T> row, int position, Span<T> bag)
    {
        bool isFirst = _counts[_bag]++ == 0;
        if (plan.Mode == PoolingMode.Max)
        {
            Max(row, bag, isFirst);
        }
        else if (plan.Weights.Length > 0)
        {
            TensorPrimitives.MultiplyAdd(row, T.CreateChecked(plan.Weights[position]), bag, bag);
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
