namespace EmbedStore.Tensors;

/// <summary>The dictionary of an npy header: exactly the keys <c>descr</c>, <c>fortran_order</c> and <c>shape</c>, in any order.</summary>
internal sealed class NpyFields
{
    private string? _description;
    private bool? _isFortranOrder;
    private long[]? _sizes;

    private NpyFields()
    {
    }

    public string Description => _description!;

    public bool IsFortranOrder => _isFortranOrder!.Value;

    public TensorShape Shape { get; private set; } = TensorShape.Scalar;

    /// <summary>Unit: bytes from the beginning of the body.</summary>
    public int DescriptionOffset { get; private set; }

    /// <summary>Unit: bytes from the beginning of the body.</summary>
    public int ShapeOffset { get; private set; }

    public static NpyFields Parse(PythonLiteral literal)
    {
        var fields = new NpyFields();
        int begin = literal.Offset;
        fields.ReadItems(ref literal);
        if (!literal.AtEnd)
        {
            throw Malformed.At(literal.Offset, $"The npy header must end behind its dictionary; found {literal.Rest()}.");
        }

        fields.Check(begin);
        return fields;
    }

    private void ReadItems(ref PythonLiteral literal)
    {
        literal.Take("{"u8);
        bool comma = true;
        while (!literal.TryTake("}"u8))
        {
            if (!comma)
            {
                throw Malformed.At(literal.Offset, $"The npy header must have a comma or }} here; found {literal.Rest()}.");
            }

            ReadItem(ref literal);
            comma = literal.TryTake(","u8);
        }
    }

    private void ReadItem(ref PythonLiteral literal)
    {
        int keyOffset = literal.Offset;
        string key = literal.TakeString("key");
        literal.Take(":"u8);
        switch (key)
        {
            case "descr" when _description is null:
                DescriptionOffset = literal.Offset;
                _description = literal.TakeString("descr");
                break;
            case "fortran_order" when _isFortranOrder is null:
                _isFortranOrder = literal.TakeBoolean("fortran_order");
                break;
            case "shape" when _sizes is null:
                ShapeOffset = literal.Offset;
                _sizes = literal.TakeSizes();
                break;
            default:
                throw Malformed.At(keyOffset, $"The npy header has the key '{key}'; allowed are descr, fortran_order and shape, once each.");
        }
    }

    private void Check(int begin)
    {
        if (_description is null || _isFortranOrder is null || _sizes is null)
        {
            throw Malformed.At(begin, "The npy header must have the keys descr, fortran_order and shape.");
        }

        Shape = TensorShape.TryCreate(_sizes, out TensorShape? shape)
            ? shape
            : throw Malformed.At(ShapeOffset, $"The npy shape ({string.Join(", ", _sizes)}) has more than {long.MaxValue} elements.");
    }
}
