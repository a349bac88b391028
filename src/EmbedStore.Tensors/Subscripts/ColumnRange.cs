namespace EmbedStore.Tensors;

/// <summary>The elements of a row that a plan touches: <c>Start, Start + Step, ...</c></summary>
/// <param name="Start">First element, zero-based.</param>
/// <param name="Count">Number of elements; 0 when the slice is empty.</param>
/// <param name="Step">Distance of two neighbours. Unit: elements. Not 0; negative only in NumPy's dialect.</param>
public readonly record struct ColumnRange(int Start, int Count, int Step)
{
    /// <summary>All of a row of <paramref name="width"/> elements.</summary>
    public static ColumnRange All(int width) => new(0, width, 1);

    /// <summary>True when this is a whole row of <paramref name="width"/> elements, in order.</summary>
    public bool IsAll(int width) => this == All(width);
}
