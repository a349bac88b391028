using EmbedStore.Tensors;

namespace EmbedStore.Testing;

/// <summary>What a subscript means, written down a second time: from what PyTorch and NumPy do, on arrays of positions, without strides or plans.</summary>
public static class ReferenceSubscript
{
    /// <summary>The position in the table of each element that the subscript selects.</summary>
    /// <exception cref="ReferenceException">The library would refuse.</exception>
    public static ReferenceArray Select(Subscript subscript, IEnumerable<long> sizes, IReadOnlyDictionary<string, Tensor> tensors, Dialect dialect)
    {
        ReferenceArray table = ReferenceArray.Positions(sizes);
        List<ReferenceItem> items = [.. subscript.Items.Select(item => ReferenceItem.Of(item, tensors))];
        int taken = items.Sum(static item => item.DimensionCount);
        if (taken > table.Shape.Length)
        {
            throw new ReferenceException(ErrorCode.TooManyIndices, $"{taken} indices");
        }

        return dialect == Dialect.PyTorch ? PyTorchSubscript.Select(table, items, table.Shape.Length - taken) : NumPySubscript.Select(table, items, table.Shape.Length - taken);
    }

    /// <summary><c>t[subscript] = values</c>, or <c>+=</c>: in row-major order of what is selected, so that the last of equal positions wins and all are added.</summary>
    public static void Put(double[] table, ReferenceArray selected, double[] values, bool accumulate)
    {
        for (int i = 0; i < selected.Elements.Length; i++)
        {
            long position = selected.Elements[i];
            table[position] = accumulate ? table[position] + values[i] : values[i];
        }
    }

    /// <summary>Positions in a tensor of <paramref name="shape"/> that its elements are taken from when it is stretched to <paramref name="target"/>.</summary>
    /// <param name="shape">Of the values.</param>
    /// <param name="target">Of what is written to.</param>
    /// <param name="dropLeadingOnes">As an assignment does.</param>
    /// <returns>Null when it cannot be.</returns>
    public static long[]? Stretch(int[] shape, int[] target, bool dropLeadingOnes)
    {
        while (dropLeadingOnes && shape.Length > target.Length && shape[0] == 1)
        {
            shape = shape[1..];
        }

        bool fits = shape.Length <= target.Length && Enumerable.Range(1, shape.Length).All(i => shape[^i] == target[^i] || shape[^i] == 1);
        ReferenceArray source = ReferenceArray.Positions(shape.Select(static size => (long)size));
        return fits ? [.. ReferenceArray.Coordinates(target).Select(source.BroadcastAt)] : null;
    }

    /// <summary>Picks from a view: one index array for some of its axes, null for the others.</summary>
    /// <param name="view">What basic items left.</param>
    /// <param name="indices">One for each axis.</param>
    /// <param name="block">What the index arrays broadcast to.</param>
    /// <param name="blockAt">Where the block stands among the axes that are not indexed.</param>
    internal static ReferenceArray Pick(ReferenceArray view, ReferenceArray?[] indices, int[] block, int blockAt)
    {
        int[] free = [.. Enumerable.Range(0, indices.Length).Where(axis => indices[axis] is null)];
        int[] freeSizes = [.. free.Select(axis => view.Shape[axis])];
        int[] shape = [.. freeSizes[..blockAt], .. block, .. freeSizes[blockAt..]];
        return ReferenceArray.Of(shape, coordinates =>
        {
            int[] inBlock = coordinates[blockAt..(blockAt + block.Length)];
            int[] inFree = [.. coordinates[..blockAt], .. coordinates[(blockAt + block.Length)..]];
            return view.At([.. indices.Select((index, axis) =>
                index is null ? inFree[Array.IndexOf(free, axis)] : Counted(index.BroadcastAt(inBlock), view.Shape[axis]))]);
        });
    }

    /// <summary>An index counted from the start.</summary>
    internal static int Counted(long index, int size) => index >= -size && index < size
        ? (int)(index < 0 ? index + size : index)
        : throw new ReferenceException(ErrorCode.IndexOutOfRange, $"{index} of {size}");

    /// <summary>The places that a slice keeps of an axis, as Python's <c>range(*slice.indices(size))</c>.</summary>
    internal static int[] Places(SliceItem slice, int size)
    {
        long step = slice.Step ?? 1;
        long low = step > 0 ? 0 : -1;
        long high = step > 0 ? size : size - 1;
        long Clamp(long? bound, long orElse) => bound is not { } b ? orElse : Math.Clamp(b < 0 ? b + size : b, low, high);
        long stop = Clamp(slice.Stop, step > 0 ? high : low);
        var places = new List<int>();
        for (Int128 i = Clamp(slice.Start, step > 0 ? low : high); step > 0 ? i < stop : i > stop; i += step)
        {
            places.Add((int)i);
        }

        return [.. places];
    }
}
