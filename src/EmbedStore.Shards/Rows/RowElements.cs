using System.Numerics;
using System.Runtime.InteropServices;
using EmbedStore.Tensors;

namespace EmbedStore.Shards;

/// <summary>Sets and adds elements of one row.</summary>
internal static class RowElements
{
    /// <summary>Copies <paramref name="source"/> to the columns of <paramref name="row"/>, bit for bit.</summary>
    public static void Assign(ElementType type, Span<byte> row, ColumnRange columns, ReadOnlySpan<byte> source)
    {
        int size = type.ByteCount();
        if (columns.Step == 1)
        {
            source.CopyTo(row[(columns.Start * size)..]);
            return;
        }

        for (int i = 0; i < columns.Count; i++)
        {
            source.Slice(i * size, size).CopyTo(row[((columns.Start + (i * columns.Step)) * size)..]);
        }
    }

    /// <summary>Adds <paramref name="source"/> to the columns of <paramref name="row"/>: floats round once to nearest even, integers wrap around.</summary>
    public static void Accumulate(ElementType type, Span<byte> row, ColumnRange columns, ReadOnlySpan<byte> source)
    {
        switch (type)
        {
            case ElementType.F32: Add<float>(row, columns, source); break;
            case ElementType.F64: Add<double>(row, columns, source); break;
            case ElementType.I64: Add<long>(row, columns, source); break;
            case ElementType.I32: Add<int>(row, columns, source); break;
            case ElementType.I8: Add<sbyte>(row, columns, source); break;
            case ElementType.U8: Add<byte>(row, columns, source); break;
            case ElementType.F16: Add<Half>(row, columns, source, static (a, b) => (Half)((float)a + (float)b)); break;
            case ElementType.BF16: Add<ushort>(row, columns, source, static (a, b) => BrainFloat.FromSingle(BrainFloat.ToSingle(a) + BrainFloat.ToSingle(b))); break;
            default: throw new ArgumentOutOfRangeException(nameof(type), type, "No row has this element type.");
        }
    }

    private static void Add<T>(Span<byte> row, ColumnRange columns, ReadOnlySpan<byte> source)
        where T : unmanaged, IAdditionOperators<T, T, T>
    {
        Span<T> elements = MemoryMarshal.Cast<byte, T>(row);
        ReadOnlySpan<T> added = MemoryMarshal.Cast<byte, T>(source);
        int i = 0;
        if (columns.Step == 1)
        {
            Span<T> target = elements.Slice(columns.Start, columns.Count);
            for (; i <= added.Length - Vector<T>.Count; i += Vector<T>.Count)
            {
                (new Vector<T>(target[i..]) + new Vector<T>(added[i..])).CopyTo(target[i..]);
            }
        }

        for (; i < added.Length; i++)
        {
            ref T element = ref elements[columns.Start + (i * columns.Step)];
            element = unchecked(element + added[i]);
        }
    }

    private static void Add<T>(Span<byte> row, ColumnRange columns, ReadOnlySpan<byte> source, Func<T, T, T> add)
        where T : unmanaged
    {
        Span<T> elements = MemoryMarshal.Cast<byte, T>(row);
        ReadOnlySpan<T> added = MemoryMarshal.Cast<byte, T>(source);
        for (int i = 0; i < added.Length; i++)
        {
            ref T element = ref elements[columns.Start + (i * columns.Step)];
            element = add(element, added[i]);
        }
    }
}
