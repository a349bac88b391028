namespace EmbedStore.Tensors;

/// <summary>Step 1 of resolving: puts the request's tensors in the place of their names.</summary>
/// <remarks>Refuses, in this order: a step backwards, a tensor that came without a use, one that did not come, an element type that is no index, an argmax of nothing.</remarks>
internal static class OperandBinder
{
    public static List<Operand> Bind(Subscript subscript, TableShape table, IReadOnlyDictionary<string, Tensor> tensors, Dialect dialect, ArraySource arrays)
    {
        RequireNames(subscript, tensors, dialect);
        if (table.HasKeys)
        {
            RequireKeys(subscript.Items[0], tensors);
        }

        RefuseTypes(table.HasKeys ? subscript.Items.Skip(1) : subscript.Items, tensors);
        return subscript.Items.Select(item => Bind(item, tensors, arrays)).ToList();
    }

    public static void RequireNames(Subscript subscript, IReadOnlyDictionary<string, Tensor> tensors, Dialect dialect)
    {
        RefuseSteps(subscript, dialect);
        RefuseUnused(subscript, tensors);
        RefuseMissing(subscript, tensors);
    }

    private static IEnumerable<string> NamesIn(Subscript subscript) => subscript.Items
        .Select(static item => item switch { TensorItem t => t.Name, ArgmaxItem a => a.Name, _ => null })
        .OfType<string>();

    private static void RefuseSteps(Subscript subscript, Dialect dialect)
    {
        if (dialect == Dialect.PyTorch && subscript.Items.OfType<SliceItem>().FirstOrDefault(static slice => slice.Step < 0) is { } backwards)
        {
            throw new EmbedStoreException(
                ErrorCode.MalformedSubscript,
                FormattableString.Invariant($"A slice's step is positive (column {backwards.Column}); dialect=numpy allows {backwards.Step}."),
                new Fact("column", backwards.Column));
        }
    }

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

    /// <summary>Rows are named by strings alone. What is no index of rows at all is refused later, by <see cref="OpenDimension"/>.</summary>
    private static void RequireKeys(SubscriptItem first, IReadOnlyDictionary<string, Tensor> tensors)
    {
        string? name = first switch { TensorItem item => item.Name, ArgmaxItem argmax => argmax.Name, _ => null };
        bool isInteger = first is IntegerItem or ArgmaxItem || (first is TensorItem && tensors[name!].Type is not (ElementType.Str or ElementType.Bool));
        if (isInteger)
        {
            throw new EmbedStoreException(
                ErrorCode.UnsupportedDtype,
                $"The table's rows have strings as keys: STR, or U8 with zeros at the end{(name is null ? "" : $"; not {tensors[name].Type.WireName()} as in tensor '{name}'")}.",
                new Fact("tensor", name));
        }
    }

    private static void RefuseTypes(IEnumerable<SubscriptItem> items, IReadOnlyDictionary<string, Tensor> tensors)
    {
        foreach (TensorItem item in items.OfType<TensorItem>())
        {
            ElementType type = tensors[item.Name].Type;
            if (type != ElementType.Bool && !type.IsInteger())
            {
                throw new EmbedStoreException(
                    ErrorCode.UnsupportedDtype,
                    $"Tensor '{item.Name}' is {type.WireName()}; an index is I64, I32, I16, I8, U8 or BOOL.",
                    new Fact("tensor", item.Name));
            }
        }
    }

    private static Operand Bind(SubscriptItem item, IReadOnlyDictionary<string, Tensor> tensors, ArraySource arrays) => item switch
    {
        IntegerItem integer => new IntegerOperand(integer.Value, null),
        SliceItem slice => new SliceOperand(slice.Column, slice.Start, slice.Stop, slice.Step ?? 1),
        EllipsisItem => new EllipsisOperand(),
        NewAxisItem => new NewAxisOperand(),
        BooleanItem boolean => new MaskOperand(null, TensorShape.Scalar, new[] { boolean.Value ? (byte)1 : (byte)0 }),
        ArgmaxItem argmax => Bind(argmax.Name, Argmax.Compute(argmax.Name, tensors[argmax.Name], argmax.Dimension, arrays), arrays),
        TensorItem tensor => Bind(tensor.Name, tensors[tensor.Name], arrays),
        _ => throw new InvalidOperationException($"No operand for {item}."),
    };

    private static Operand Bind(string name, Tensor tensor, ArraySource arrays)
    {
        if (tensor.Type == ElementType.Bool)
        {
            return new MaskOperand(name, tensor.Shape, tensor.Data);
        }

        Memory<long> values = arrays.Rent<long>(checked((int)tensor.Shape.ElementCount));
        if (tensor.Type == ElementType.Str)
        {
            // Keys are counted through; the plan says which of them each entry means.
            Span<long> places = values.Span;
            for (int i = 0; i < places.Length; i++)
            {
                places[i] = i;
            }
        }
        else
        {
            ElementConverter.ReadIntegers(tensor, values.Span);
        }

        return tensor.Shape.Rank == 0 ? new IntegerOperand(values.Span[0], name) : new IndicesOperand(name, tensor.Shape, values);
    }
}
