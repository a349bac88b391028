namespace EmbedStore.Testing;

/// <summary>A small dense array of positions that is taken apart and put together by coordinates: slow, and written for reading.</summary>
/// <param name="Shape">Sizes, outermost first.</param>
/// <param name="Elements">Row-major.</param>
public sealed record ReferenceArray(int[] Shape, long[] Elements)
{
    /// <summary>0, 1, 2, ... in a shape: each element is its own position.</summary>
    public static ReferenceArray Positions(IEnumerable<long> sizes)
    {
        int[] shape = [.. sizes.Select(static size => (int)size)];
        return new ReferenceArray(shape, [.. Enumerable.Range(0, Product(shape)).Select(static i => (long)i)]);
    }

    /// <summary>Makes an array by asking for the element at each coordinate.</summary>
    public static ReferenceArray Of(int[] shape, Func<int[], long> element) => new(shape, [.. Coordinates(shape).Select(element)]);

    /// <summary>All coordinates of a shape, the last one running fastest. A scalar has one, of length 0.</summary>
    public static IEnumerable<int[]> Coordinates(int[] shape)
    {
        if (shape.Length == 0)
        {
            return [[]];
        }

        return Coordinates(shape[..^1]).SelectMany(outer => Enumerable.Range(0, shape[^1]).Select(inner => (int[])[.. outer, inner]));
    }

    /// <summary>The element at a coordinate.</summary>
    public long At(params ReadOnlySpan<int> coordinates)
    {
        int position = 0;
        for (int i = 0; i < Shape.Length; i++)
        {
            position = (position * Shape[i]) + coordinates[i];
        }

        return Elements[position];
    }

    /// <summary>The element that a smaller array has at a coordinate of the shape that it is broadcast to.</summary>
    public long BroadcastAt(int[] coordinates)
    {
        int[] own = coordinates[^Shape.Length..];
        return At([.. own.Select((coordinate, i) => Shape[i] == 1 ? 0 : coordinate)]);
    }

    /// <summary><c>x.select(axis, index)</c>.</summary>
    public ReferenceArray Select(int axis, int index) =>
        Of([.. Shape[..axis], .. Shape[(axis + 1)..]], c => At([.. c[..axis], index, .. c[axis..]]));

    /// <summary>Keeps the given places of an axis, in their order.</summary>
    public ReferenceArray Keep(int axis, int[] places) =>
        Of([.. Shape[..axis], places.Length, .. Shape[(axis + 1)..]], c => At([.. c[..axis], places[c[axis]], .. c[(axis + 1)..]]));

    /// <summary><c>x.unsqueeze(axis)</c>.</summary>
    public ReferenceArray Insert(int axis) => new([.. Shape[..axis], 1, .. Shape[axis..]], Elements);

    /// <summary>The shape that all broadcast to; null when they do not.</summary>
    public static int[]? Broadcast(IEnumerable<int[]> shapes)
    {
        int rank = shapes.Max(static shape => shape.Length);
        var result = new int[rank];
        for (int i = 1; i <= rank; i++)
        {
            int[] sizes = [.. shapes.Where(shape => shape.Length >= i).Select(shape => shape[^i]).Where(static size => size != 1).Distinct()];
            if (sizes.Length > 1)
            {
                return null;
            }

            result[^i] = sizes is [int size] ? size : 1;
        }

        return result;
    }

    private static int Product(int[] shape) => shape.Aggregate(1, static (product, size) => product * size);
}
