using System.Collections;
using System.Globalization;

namespace EmbedStore.Tensors;

/// <summary>Sizes of a tensor's dimensions, outermost first. The empty shape is a scalar with one element.</summary>
/// <remarks>
/// <para>Every size is at least 0 and the element count fits an int64: a shape that overflows cannot be built.</para>
/// <para>Immutable; compares by value.</para>
/// </remarks>
public sealed class TensorShape : IReadOnlyList<long>, IEquatable<TensorShape>
{
    /// <summary>Dimensions a tensor of a request or a table may have. Unit: dimensions.</summary>
    public const int RankMax = 8;

    /// <summary>The shape of a scalar.</summary>
    public static readonly TensorShape Scalar = new([], 1);

    private readonly long[] _sizes;

    private TensorShape(long[] sizes, long elementCount)
    {
        _sizes = sizes;
        ElementCount = elementCount;
    }

    /// <summary>Builds a shape of sizes that are known to be valid.</summary>
    /// <exception cref="ArgumentException">A size is negative or the element count overflows an int64.</exception>
    public static TensorShape Of(params ReadOnlySpan<long> sizes) => TryCreate(sizes, out TensorShape? shape)
        ? shape
        : throw new ArgumentException($"[{string.Join(", ", sizes.ToArray())}] is not a shape.", nameof(sizes));

    /// <summary>Builds a shape of sizes from outside.</summary>
    /// <returns>False when a size is negative or the product of the non-zero sizes overflows an int64.</returns>
    /// <remarks>Zero sizes do not excuse the others: <c>[0, 2^62, 4]</c> has no elements, but its strides would overflow.</remarks>
    public static bool TryCreate(ReadOnlySpan<long> sizes, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out TensorShape? shape)
    {
        shape = null;
        long strideMax = 1;
        bool empty = false;
        foreach (long size in sizes)
        {
            if (size < 0)
            {
                return false;
            }

            empty |= size == 0;
            if (Math.BigMul(strideMax, Math.Max(size, 1), out strideMax) != 0 || strideMax < 0)
            {
                return false;
            }
        }

        shape = new TensorShape(sizes.ToArray(), empty ? 0 : strideMax);
        return true;
    }

    /// <summary>Number of dimensions.</summary>
    public int Rank => _sizes.Length;

    /// <summary>Product of all sizes; 1 for a scalar.</summary>
    public long ElementCount { get; }

    /// <inheritdoc/>
    public int Count => _sizes.Length;

    /// <inheritdoc/>
    public long this[int index] => _sizes[index];

    /// <summary>The sizes, outermost first.</summary>
    public ReadOnlySpan<long> Sizes => _sizes;

    /// <summary>Row-major strides. Unit: elements.</summary>
    public long[] Strides()
    {
        var strides = new long[Rank];
        long stride = 1;
        for (int i = Rank - 1; i >= 0; i--)
        {
            strides[i] = stride;
            stride *= Math.Max(_sizes[i], 1);
        }

        return strides;
    }

    /// <summary>Coordinates of the element at a row-major position.</summary>
    /// <param name="position">In [0, <see cref="ElementCount"/>).</param>
    public long[] CoordinatesOf(long position)
    {
        var coordinates = new long[Rank];
        for (int i = Rank - 1; i >= 0; i--)
        {
            (position, coordinates[i]) = Math.DivRem(position, _sizes[i]);
        }

        return coordinates;
    }

    /// <summary>Broadcasts two shapes by NumPy's rule: aligned at the last dimension, a size of 1 stretches.</summary>
    /// <returns>Null when a pair of sizes differs and neither is 1, or when the result's element count overflows.</returns>
    public static TensorShape? Broadcast(TensorShape left, TensorShape right)
    {
        var sizes = new long[Math.Max(left.Rank, right.Rank)];
        for (int i = 1; i <= sizes.Length; i++)
        {
            long a = i <= left.Rank ? left[^i] : 1;
            long b = i <= right.Rank ? right[^i] : 1;
            if (a != b && a != 1 && b != 1)
            {
                return null;
            }

            sizes[^i] = a == 1 ? b : a;
        }

        return TryCreate(sizes, out TensorShape? shape) ? shape : null;
    }

    /// <inheritdoc/>
    public bool Equals(TensorShape? other) => other is not null && _sizes.AsSpan().SequenceEqual(other._sizes);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as TensorShape);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (long size in _sizes)
        {
            hash.Add(size);
        }

        return hash.ToHashCode();
    }

    /// <inheritdoc/>
    public IEnumerator<long> GetEnumerator() => ((IEnumerable<long>)_sizes).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => _sizes.GetEnumerator();

    /// <summary><c>[512, 64]</c>.</summary>
    public override string ToString() => "[" + string.Join(", ", _sizes.Select(size => size.ToString(CultureInfo.InvariantCulture))) + "]";
}
