using System.Numerics;

namespace EmbedStore.Shards;

/// <summary>Walks a row a vector at a time; the last vector may be partly beyond the end. Every element gets the same operations wherever it falls.</summary>
/// <param name="length">Elements of the row.</param>
internal ref struct RowLanes<T>(int length)
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly int _length = length;
    private int _at = -Vector<T>.Count;

    /// <returns>False behind the last vector.</returns>
    public bool Next()
    {
        _at += Vector<T>.Count;
        return _at < _length;
    }

    /// <summary>The elements at this place; zeros beyond the end.</summary>
    public readonly Vector<T> Load(ReadOnlySpan<T> elements)
    {
        if (_at + Vector<T>.Count <= _length)
        {
            return new Vector<T>(elements[_at..]);
        }

        Span<T> padded = stackalloc T[Vector<T>.Count];
        padded.Clear();
        elements[_at.._length].CopyTo(padded);
        return new Vector<T>(padded);
    }

    /// <summary>Puts the elements of this place back.</summary>
    public readonly void Store(Vector<T> vector, Span<T> elements)
    {
        if (_at + Vector<T>.Count <= _length)
        {
            vector.CopyTo(elements[_at..]);
            return;
        }

        Span<T> padded = stackalloc T[Vector<T>.Count];
        vector.CopyTo(padded);
        padded[..(_length - _at)].CopyTo(elements[_at..]);
    }
}
