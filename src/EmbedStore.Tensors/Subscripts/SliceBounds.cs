namespace EmbedStore.Tensors;

/// <summary>Python's slice arithmetic: bounds count from the end when negative and are clamped, so that a slice never fails.</summary>
internal static class SliceBounds
{
    /// <summary>First index and number of indices of a slice of a dimension.</summary>
    /// <param name="slice">Step not 0.</param>
    /// <param name="size">Size of the dimension.</param>
    public static (long Start, long Count) Clamp(SliceOperand slice, long size)
    {
        long step = slice.Step;
        if (step > 0)
        {
            long start = Bound(slice.Start ?? 0, size, 0, size);
            long stop = Bound(slice.Stop ?? size, size, 0, size);
            return start < stop ? (start, ((stop - start - 1) / step) + 1) : (0, 0);
        }

        // Backwards, "before the first" is -1 and has no other name.
        long first = slice.Start is { } s ? Bound(s, size, -1, size - 1) : size - 1;
        long last = slice.Stop is { } e ? Bound(e, size, -1, size - 1) : -1;
        return first > last ? (first, (long)(((UInt128)(first - last - 1) / (UInt128)(-(Int128)step)) + 1)) : (0, 0);
    }

    private static long Bound(long value, long size, long low, long high) =>
        Math.Clamp(value < 0 ? value + size : value, low, high);
}
