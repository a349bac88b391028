namespace EmbedStore.Tensors;

/// <summary>A table seen as a tensor: the last dimension is the row, the dimensions before it address rows.</summary>
/// <remarks>
/// <para><c>[V, K]</c>: V rows of K elements. <c>[D0, ..., Dn]</c>: rows are numbered row-major over all dimensions but the last.
/// <c>[V]</c>: V rows of one element. Open (<c>["*", K]</c>): any int64 is a row id, or any string with keys, and the first size means nothing.</para>
/// <para>Immutable.</para>
/// </remarks>
public sealed class TableShape
{
    /// <summary>A table of a fixed number of rows.</summary>
    /// <param name="sizes">Rank 1 or more.</param>
    /// <exception cref="ArgumentException">The rank is 0.</exception>
    public TableShape(TensorShape sizes)
        : this(sizes, isOpen: false)
    {
    }

    private TableShape(TensorShape sizes, bool isOpen, bool hasKeys = false)
    {
        if (sizes.Rank == 0)
        {
            throw new ArgumentException("A table has at least one dimension.", nameof(sizes));
        }

        Sizes = sizes;
        IsOpen = isOpen;
        HasKeys = hasKeys;
        long[] strides = sizes.Strides();
        HasColumns = sizes.Rank > 1;
        RowWidth = HasColumns ? sizes[^1] : 1;
        RowStrides = HasColumns ? Array.ConvertAll(strides[..^1], stride => stride / Math.Max(RowWidth, 1)) : strides;
        RowCount = isOpen ? 0 : HasColumns ? TensorShape.Of(sizes.Sizes[..^1]).ElementCount : sizes.ElementCount;
    }

    /// <summary>An open vocabulary whose rows have <paramref name="rowWidth"/> elements; null for rows of one element without a dimension of their own.</summary>
    /// <param name="rowWidth">Unit: elements.</param>
    /// <param name="hasKeys">Rows are named by strings instead of integers.</param>
    public static TableShape Open(long? rowWidth, bool hasKeys = false) =>
        new(rowWidth is { } width ? TensorShape.Of(0, width) : TensorShape.Of(0), isOpen: true, hasKeys);

    /// <summary>Sizes of all dimensions; the first is 0 when the table is open.</summary>
    public TensorShape Sizes { get; }

    /// <summary>True when any int64 is a row id, or any key.</summary>
    public bool IsOpen { get; }

    /// <summary>True when rows are named by strings, <see cref="RowKeys"/>. Only an open table.</summary>
    public bool HasKeys { get; }

    /// <summary>False for <c>[V]</c>, whose rows have one element and no dimension of their own.</summary>
    public bool HasColumns { get; }

    /// <summary>Width of a row. Unit: elements.</summary>
    public long RowWidth { get; }

    /// <summary>Rows there are, or 0 when the table is open.</summary>
    public long RowCount { get; }

    /// <summary>For each addressing dimension, how many row ids one step of it skips.</summary>
    public IReadOnlyList<long> RowStrides { get; }

    /// <summary>As in a table's spec: <c>[*, 64]</c>.</summary>
    public override string ToString() => IsOpen ? HasColumns ? $"[*, {RowWidth}]" : "[*]" : Sizes.ToString();
}
