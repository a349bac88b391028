using EmbedStore.Tensors;

namespace EmbedStore.Shards;

/// <summary>What a row of one table is made of.</summary>
/// <remarks>An invalid format cannot be built. Immutable; compares by value. A shard is bound to the format that it was made with.</remarks>
public sealed record RowFormat
{
    /// <summary>The largest row, elements and optimizer state together. Unit: bytes.</summary>
    public const int RowByteCountMax = 1 << 20;

    /// <summary>Builds a format.</summary>
    /// <param name="elementType">F32, F16, BF16, F64, I64, I32, U8 or I8.</param>
    /// <param name="width">Unit: elements. At least 1.</param>
    /// <param name="scaledByRow">Only with I8: an F32 scale stands before the elements, and values are F32.</param>
    /// <param name="initializer">Null: zeros.</param>
    /// <param name="optimizer">Null: rows are not trained. Needs a floating <see cref="ValueType"/>.</param>
    /// <exception cref="ArgumentException">The parts do not go together, or the row is larger than <see cref="RowByteCountMax"/>.</exception>
    public RowFormat(ElementType elementType, int width, bool scaledByRow = false, RowInitializer? initializer = null, RowOptimizer? optimizer = null)
    {
        if (elementType is ElementType.I16 or ElementType.Bool or ElementType.Str || !Enum.IsDefined(elementType))
        {
            throw new ArgumentOutOfRangeException(nameof(elementType), elementType, "Must be F32, F16, BF16, F64, I64, I32, U8 or I8.");
        }

        if (scaledByRow && elementType != ElementType.I8)
        {
            throw new ArgumentException($"Only I8 rows have a scale, not {elementType}.", nameof(scaledByRow));
        }

        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        if (optimizer is not null && !scaledByRow && !elementType.IsFloatingPoint())
        {
            throw new ArgumentException($"Rows of {elementType} are not trained.", nameof(optimizer));
        }

        long stateByteCount = (long)(optimizer?.StateLength(width) ?? 0) * (elementType == ElementType.F64 ? sizeof(double) : sizeof(float));
        long byteCount = ((long)width * elementType.ByteCount()) + (scaledByRow ? sizeof(float) : 0) + stateByteCount;
        if (byteCount > RowByteCountMax)
        {
            throw new ArgumentException($"A row of {width} {elementType} elements and {stateByteCount} bytes of state takes {byteCount} bytes; at most {RowByteCountMax} fit.", nameof(width));
        }

        ElementType = elementType;
        Width = width;
        ScaledByRow = scaledByRow;
        StateByteCount = (int)stateByteCount;
        Initializer = initializer ?? RowInitializer.Zeros;
        Optimizer = optimizer;
    }

    /// <summary>Type of the elements as they are stored.</summary>
    public ElementType ElementType { get; }

    /// <summary>Unit: elements. At least 1.</summary>
    public int Width { get; }

    /// <summary>I8 only: an F32 scale stands before the elements; an element means scale times itself.</summary>
    public bool ScaledByRow { get; }

    /// <summary>Optimizer state behind the elements, in <see cref="ComputeType"/>; 0 without an optimizer. Unit: bytes.</summary>
    public int StateByteCount { get; }

    /// <summary>What a missing row starts from.</summary>
    public RowInitializer Initializer { get; }

    /// <summary>What <see cref="RowWriteKind.Apply"/> does; null: nothing.</summary>
    public RowOptimizer? Optimizer { get; }

    /// <summary>Longest <see cref="TimeToLiveMilliseconds"/>: a hundred years.</summary>
    public const long TimeToLiveMillisecondsMax = 100L * 365 * 24 * 3600 * 1000;

    /// <summary>Most updates that an admission may take.</summary>
    public const int AdmissionCountMax = 65_535;

    /// <summary>Time since its last write after which a row is missing; null: it stays. Unit: ms. Range: [1, <see cref="TimeToLiveMillisecondsMax"/>].</summary>
    public long? TimeToLiveMilliseconds
    {
        get;
        init => field = value is null or (>= 1 and <= TimeToLiveMillisecondsMax)
            ? value
            : throw new ArgumentOutOfRangeException(nameof(TimeToLiveMilliseconds), value, $"Must be in [1, {TimeToLiveMillisecondsMax}] ms.");
    }

    /// <summary>The update with which an id gets its row; those before are counted and not applied. Default: 1. Range: [1, <see cref="AdmissionCountMax"/>].</summary>
    public int AdmissionCount
    {
        get;
        init => field = value is >= 1 and <= AdmissionCountMax
            ? value
            : throw new ArgumentOutOfRangeException(nameof(AdmissionCount), value, $"Must be in [1, {AdmissionCountMax}].");
    } = 1;

    /// <summary>Rows have keys: strings that the shard gives ids to. Otherwise ids are all there is.</summary>
    public bool Keyed { get; init; }

    /// <summary>Type that training computes in, of gradients and of optimizer state.</summary>
    public ElementType ComputeType => ElementType == ElementType.F64 ? ElementType.F64 : ElementType.F32;

    /// <summary>Type of the values that writes bring and that decoded reads give.</summary>
    public ElementType ValueType => ScaledByRow ? ElementType.F32 : ElementType;

    /// <summary>What <see cref="Shard.Read"/> gives of a row: scale, if any, and elements. Unit: bytes.</summary>
    public int DataByteCount => (ScaledByRow ? sizeof(float) : 0) + (Width * ElementType.ByteCount());

    /// <summary>A row decoded to <see cref="ValueType"/>. Unit: bytes.</summary>
    public int ValueByteCount => Width * ValueType.ByteCount();

    /// <summary>Writes what a missing row starts from, in <see cref="ValueType"/>.</summary>
    /// <param name="rowId">Any.</param>
    /// <param name="destination"><see cref="ValueByteCount"/> bytes.</param>
    public void FillInitial(long rowId, Span<byte> destination) => Initializer.Fill(rowId, ValueType, destination[..ValueByteCount]);
}
