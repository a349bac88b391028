namespace EmbedStore.Tensors;

/// <summary>Step 1 of resolving: puts the request's tensors in the place of their names.</summary>
/// <remarks>Refuses, in this order: a tensor that came without a use, one that did not come, an element type that is no index.</remarks>
internal static class OperandBinder
{
    public static List<Operand> Bind(Subscript subscript, IReadOnlyDictionary<string, Tensor> tensors, Dialect dialect)
    {
        RequireNames(subscript, tensors);
        return subscript.Items.Select(item => Bind(item, tensors, dialect)).ToList();
    }

    public static void RequireNames(Subscript subscript, IReadOnlyDictionary<string, Tensor> tensors)
    {
        RefuseUnused(subscript, tensors);
        RefuseMissing(subscript, tensors);
    }

    private static IEnumerable<string> NamesIn(Subscript subscript) => subscript.Items
        .Select(static item => item switch { TensorItem t => t.Name, ArgmaxItem a => a.Name, _ => null })
        .OfType<string>();

    private static void RefuseUnused(Subscript subscript, IReadOnlyDictionary<string, Tensor> tensors)
    {
        string? unused = tensors.Keys.Except(NamesIn(subscript)).Order(StringComparer.Ordinal).FirstOrDefault();
        if (unused is not null)
        {
            throw new EmbedStoreException(ErrorCode.UnknownTensor, $"Tensor '{unused}' is not part of the subscript.", new Fact("tensor", unused));
        }
    }

    private static void RefuseMissing(Subscript subscript, IReadOnlyDictionary<string, Tensor> tensors)
    {
        string? missing = NamesIn(subscript).FirstOrDefault(name => !tensors.ContainsKey(name));
        if (missing is not null)
        {
            throw new EmbedStoreException(ErrorCode.MissingTensor, $"The subscript names tensor '{missing}', which was not sent.", new Fact("tensor", missing));
        }
    }

    private static Operand Bind(SubscriptItem item, IReadOnlyDictionary<string, Tensor> tensors, Dialect dialect) => item switch
    {
        IntegerItem integer => new IntegerOperand(integer.Value, null),
        SliceItem slice => Bind(slice, dialect),
        EllipsisItem => new EllipsisOperand(),
        NewAxisItem => new NewAxisOperand(),
        BooleanItem boolean => new MaskOperand(null, TensorShape.Scalar, new[] { boolean.Value ? (byte)1 : (byte)0 }),
        ArgmaxItem argmax => Bind(argmax.Name, Argmax.Compute(argmax.Name, tensors[argmax.Name], argmax.Dimension)),
        TensorItem tensor => Bind(tensor.Name, tensors[tensor.Name]),
        _ => throw new InvalidOperationException($"No operand for {item}."),
    };

    private static SliceOperand Bind(SliceItem slice, Dialect dialect)
    {
        long step = slice.Step ?? 1;
        return step > 0 || dialect == Dialect.NumPy
            ? new SliceOperand(slice.Column, slice.Start, slice.Stop, step)
            : throw new EmbedStoreException(
                ErrorCode.MalformedSubscript,
                FormattableString.Invariant($"A slice's step is positive (column {slice.Column}); dialect=numpy allows {step}."),
                new Fact("column", slice.Column));
    }

    private static Operand Bind(string name, Tensor tensor)
    {
        if (tensor.Type == ElementType.Bool)
        {
            return new MaskOperand(name, tensor.Shape, tensor.Data);
        }

        if (!tensor.Type.IsInteger())
        {
            throw new EmbedStoreException(
                ErrorCode.UnsupportedDtype,
                $"Tensor '{name}' is {tensor.Type.WireName()}; an index is I64, I32, I16, I8, U8 or BOOL.",
                new Fact("tensor", name));
        }

        var values = new long[tensor.Shape.ElementCount];
        ElementConverter.ReadIntegers(tensor, values);
        return tensor.Shape.Rank == 0 ? new IntegerOperand(values[0], name) : new IndicesOperand(name, tensor.Shape, values);
    }
}
