namespace EmbedStore.Tensors;

/// <summary>Where the arrays come from that a plan lives in: here, the collected heap.</summary>
public class ArraySource
{
    /// <summary>New arrays, which nobody gives back. Thread-safe.</summary>
    public static readonly ArraySource Heap = new();

    /// <summary>Elements of any content.</summary>
    /// <param name="count">Unit: elements.</param>
    public virtual Memory<T> Rent<T>(int count) => new T[count];

    /// <summary>Elements that are 0.</summary>
    /// <param name="count">Unit: elements.</param>
    public Memory<T> RentZeros<T>(int count)
    {
        Memory<T> elements = Rent<T>(count);
        elements.Span.Clear();
        return elements;
    }
}
