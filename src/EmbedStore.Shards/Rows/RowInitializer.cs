using System.Runtime.InteropServices;
using EmbedStore.Tensors;

namespace EmbedStore.Shards;

/// <summary>What a row that was never written starts from: a function of the row id and the column, and of nothing else.</summary>
/// <remarks>
/// <para>The same on every machine and .NET version: integer hashing and the operations that IEEE 754 defines exactly (no library logarithm, no <see cref="Random"/>).</para>
/// <para>Immutable; compares by value; any number of threads.</para>
/// </remarks>
public abstract record RowInitializer
{
    private const int ChunkLength = 64;

    private protected RowInitializer()
    {
    }

    /// <summary>Every element 0.</summary>
    public static RowInitializer Zeros { get; } = new ConstantInitializer(0);

    /// <summary>Every element <paramref name="value"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not finite.</exception>
    public static RowInitializer Constant(double value) => new ConstantInitializer(value);

    /// <summary>Evenly spread over [<paramref name="low"/>, <paramref name="high"/>).</summary>
    /// <remarks>Rounding to the element type can give <paramref name="high"/> itself.</remarks>
    /// <exception cref="ArgumentOutOfRangeException">A bound or their difference is not finite, or low is above high.</exception>
    public static RowInitializer Uniform(double low, double high, long seed) => new UniformInitializer(low, high, seed);

    /// <summary>Normally distributed.</summary>
    /// <param name="mean">Finite.</param>
    /// <param name="standardDeviation">Finite, at least 0.</param>
    /// <param name="seed">Any.</param>
    /// <exception cref="ArgumentOutOfRangeException">A parameter is outside its range.</exception>
    public static RowInitializer Normal(double mean, double standardDeviation, long seed) => new NormalInitializer(mean, standardDeviation, seed);

    /// <summary>Row i is the i-th unit vector; a row id at or beyond the width, or below 0, is a row of zeros.</summary>
    public static RowInitializer Identity { get; } = new IdentityInitializer();

    /// <summary>Writes the whole row.</summary>
    /// <param name="rowId">Any.</param>
    /// <param name="type">Integers are rounded to the nearest (ties to even) and saturate.</param>
    /// <param name="destination">A whole number of elements, little-endian.</param>
    public void Fill(long rowId, ElementType type, Span<byte> destination)
    {
        int size = type.ByteCount();
        Span<double> chunk = stackalloc double[ChunkLength];
        for (int column = 0; column * size < destination.Length; column += ChunkLength)
        {
            Span<byte> target = destination.Slice(column * size, Math.Min(ChunkLength * size, destination.Length - (column * size)));
            Span<double> values = chunk[..(target.Length / size)];
            FillValues(rowId, column, values);
            Convert(values, type, target);
        }
    }

    /// <summary><c>uniform(-0.05, 0.05, 7)</c>. Written to disk, to know a shard's format again.</summary>
    public sealed override string ToString() => Description;

    private protected abstract string Description { get; }

    /// <summary>Values of the columns from <paramref name="firstColumn"/> on.</summary>
    private protected abstract void FillValues(long rowId, int firstColumn, Span<double> values);

    private protected static double Finite(double value, string name) => double.IsFinite(value)
        ? value
        : throw new ArgumentOutOfRangeException(name, value, "Must be finite.");

    private static void Convert(ReadOnlySpan<double> values, ElementType type, Span<byte> target)
    {
        switch (type)
        {
            case ElementType.F32: Convert<float>(values, target, static value => (float)value); break;
            case ElementType.F16: Convert<Half>(values, target, static value => (Half)value); break;
            case ElementType.BF16: Convert<ushort>(values, target, static value => BrainFloat.FromSingle((float)value)); break;
            case ElementType.F64: Convert<double>(values, target, static value => value); break;
            case ElementType.I64: Convert<long>(values, target, static value => long.CreateSaturating(Math.Round(value))); break;
            case ElementType.I32: Convert<int>(values, target, static value => int.CreateSaturating(Math.Round(value))); break;
            case ElementType.I8: Convert<sbyte>(values, target, static value => sbyte.CreateSaturating(Math.Round(value))); break;
            case ElementType.U8: Convert<byte>(values, target, static value => byte.CreateSaturating(Math.Round(value))); break;
            default: throw new ArgumentOutOfRangeException(nameof(type), type, "No row has this element type.");
        }
    }

    private static void Convert<T>(ReadOnlySpan<double> values, Span<byte> target, Func<double, T> convert)
        where T : unmanaged
    {
        Span<T> elements = MemoryMarshal.Cast<byte, T>(target);
        for (int i = 0; i < values.Length; i++)
        {
            elements[i] = convert(values[i]);
        }
    }
}
