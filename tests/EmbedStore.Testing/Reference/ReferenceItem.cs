using EmbedStore.Tensors;

namespace EmbedStore.Testing;

/// <summary>An item of a subscript with its tensor at hand.</summary>
/// <param name="Item">As parsed.</param>
/// <param name="Integer">The integer that it is, or that its scalar tensor holds.</param>
/// <param name="Indices">The index tensor that it is.</param>
/// <param name="Mask">The mask that it is, as zeros and ones.</param>
internal sealed record ReferenceItem(SubscriptItem Item, long? Integer = null, ReferenceArray? Indices = null, ReferenceArray? Mask = null)
{
    /// <summary>Dimensions of the table that it takes.</summary>
    public int DimensionCount => Mask is not null ? Mask.Shape.Length : Item is NewAxisItem or EllipsisItem ? 0 : 1;

    public static ReferenceItem Of(SubscriptItem item, IReadOnlyDictionary<string, Tensor> tensors) => item switch
    {
        IntegerItem integer => new ReferenceItem(item, Integer: integer.Value),
        BooleanItem boolean => new ReferenceItem(item, Mask: new ReferenceArray([], [boolean.Value ? 1 : 0])),
        TensorItem tensor => OfTensor(item, tensors[tensor.Name]),
        ArgmaxItem argmax => OfArray(item, ReferenceArgmax.Of(tensors[argmax.Name], argmax.Dimension)),
        _ => new ReferenceItem(item),
    };

    /// <summary>The index arrays that a mask stands for: the coordinates of its ones, one array for each dimension.</summary>
    public IEnumerable<ReferenceArray> Coordinates()
    {
        int[][] ones = [.. ReferenceArray.Coordinates(Mask!.Shape).Where(c => Mask.At(c) != 0)];
        return Enumerable.Range(0, Mask.Shape.Length).Select(d => new ReferenceArray([ones.Length], [.. ones.Select(c => (long)c[d])]));
    }

    /// <summary>What a mask without dimensions stands for: the index 0 once, or not at all.</summary>
    public ReferenceArray Once() => Mask!.Elements[0] != 0 ? new ReferenceArray([1], [0]) : new ReferenceArray([0], []);

    private static ReferenceItem OfTensor(SubscriptItem item, Tensor tensor)
    {
        ReferenceArray array = TensorValues.ToArray(tensor);
        return tensor.Type == ElementType.Bool ? new ReferenceItem(item, Mask: array) : OfArray(item, array);
    }

    private static ReferenceItem OfArray(SubscriptItem item, ReferenceArray array) =>
        array.Shape.Length == 0 ? new ReferenceItem(item, Integer: array.Elements[0]) : new ReferenceItem(item, Indices: array);
}
