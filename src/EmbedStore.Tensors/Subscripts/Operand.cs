namespace EmbedStore.Tensors;

/// <summary>A subscript item with its tensor at hand: what the resolver works on.</summary>
internal abstract record Operand
{
    /// <summary>Dimensions of the table that the operand takes.</summary>
    public virtual int DimensionCount => 1;
}

/// <summary>Selects. <paramref name="Tensor"/> names the scalar tensor that brought the value, or is null.</summary>
internal sealed record IntegerOperand(long Value, string? Tensor) : Operand;

internal sealed record SliceOperand(int Column, long? Start, long? Stop, long Step) : Operand
{
    public static readonly SliceOperand Full = new(0, null, null, 1);
}

internal sealed record EllipsisOperand : Operand
{
    public override int DimensionCount => 0;
}

internal sealed record NewAxisOperand : Operand
{
    public override int DimensionCount => 0;
}

/// <summary>An index tensor of rank 1 or more.</summary>
internal sealed record IndicesOperand(string Tensor, TensorShape Shape, ReadOnlyMemory<long> Values) : Operand;

/// <summary>A mask; takes as many dimensions as it has. Rank 0 (True, False) takes none.</summary>
internal sealed record MaskOperand(string? Tensor, TensorShape Shape, ReadOnlyMemory<byte> Flags) : Operand
{
    public override int DimensionCount => Shape.Rank;
}
