using System.Numerics.Tensors;

namespace EmbedStore.Tensors;

/// <summary>The values an integer type holds, both ends included.</summary>
internal readonly record struct IntegerRange(long Min, long Max)
{
    /// <summary>Range of an integer type, or of Bool once it is 0 or 1.</summary>
    public static IntegerRange Of(ElementType type) => type switch
    {
        ElementType.I64 => new(long.MinValue, long.MaxValue),
        ElementType.I32 => new(int.MinValue, int.MaxValue),
        ElementType.I16 => new(short.MinValue, short.MaxValue),
        ElementType.I8 => new(sbyte.MinValue, sbyte.MaxValue),
        ElementType.U8 => new(byte.MinValue, byte.MaxValue),
        _ => new(0, 1),
    };

    /// <summary>True when <paramref name="other"/> holds every value of this range.</summary>
    public bool IsWithin(IntegerRange other) => Min >= other.Min && Max <= other.Max;

    /// <summary>Position of the first value outside, or -1.</summary>
    public int IndexOfOutside(ReadOnlySpan<long> values)
    {
        // The extremes are found by vectors and are nearly always inside.
        return values.IsEmpty || (TensorPrimitives.Min(values) >= Min && TensorPrimitives.Max(values) <= Max)
            ? -1
            : values.IndexOfAnyExceptInRange(Min, Max);
    }
}
