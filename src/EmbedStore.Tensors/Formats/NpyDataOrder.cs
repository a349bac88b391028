using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace EmbedStore.Tensors;

/// <summary>Brings npy data into the one order that tensors have here.</summary>
internal static class NpyDataOrder
{
    /// <summary>The data row-major and little-endian: the same memory if it is so already, else a new array.</summary>
    /// <param name="header">Says what order the data is in.</param>
    /// <param name="data">Exactly <see cref="NpyHeader.DataByteCount"/> bytes.</param>
    public static ReadOnlyMemory<byte> ToRowMajorLittleEndian(NpyHeader header, ReadOnlyMemory<byte> data)
    {
        int size = header.Type.ByteCount();
        bool swap = header.IsBigEndian && size > 1;
        bool transpose = header.IsFortranOrder && header.Shape.Rank > 1;
        if (!swap && !transpose)
        {
            return data;
        }

        var ordered = new byte[data.Length];
        if (transpose)
        {
            Transpose(data.Span, ordered, header.Shape, size);
        }
        else
        {
            data.Span.CopyTo(ordered);
        }

        if (swap)
        {
            ReverseEndianness(ordered, size);
        }

        return ordered;
    }

    /// <summary>For each element in row-major order, its place in column-major order.</summary>
    public static long[] RowMajorPlaces(TensorShape shape)
    {
        var columnMajor = new long[shape.ElementCount];
        for (int i = 0; i < columnMajor.Length; i++)
        {
            columnMajor[i] = i;
        }

        var rowMajor = new long[columnMajor.Length];
        Transpose<long>(MemoryMarshal.AsBytes(columnMajor.AsSpan()), MemoryMarshal.AsBytes(rowMajor.AsSpan()), shape);
        return rowMajor;
    }

    private static void Transpose(ReadOnlySpan<byte> source, Span<byte> destination, TensorShape shape, int size)
    {
        switch (size)
        {
            case 1: Transpose<byte>(source, destination, shape); break;
            case 2: Transpose<ushort>(source, destination, shape); break;
            case 4: Transpose<uint>(source, destination, shape); break;
            default: Transpose<ulong>(source, destination, shape); break;
        }
    }

    private static void ReverseEndianness(Span<byte> data, int size)
    {
        switch (size)
        {
            case 2: BinaryPrimitives.ReverseEndianness(MemoryMarshal.Cast<byte, ushort>(data), MemoryMarshal.Cast<byte, ushort>(data)); break;
            case 4: BinaryPrimitives.ReverseEndianness(MemoryMarshal.Cast<byte, uint>(data), MemoryMarshal.Cast<byte, uint>(data)); break;
            default: BinaryPrimitives.ReverseEndianness(MemoryMarshal.Cast<byte, ulong>(data), MemoryMarshal.Cast<byte, ulong>(data)); break;
        }
    }

    // Column-major in, row-major out: the destination is written in sequence, the source is walked with its own strides.
    private static void Transpose<T>(ReadOnlySpan<byte> sourceBytes, Span<byte> destinationBytes, TensorShape shape)
        where T : unmanaged
    {
        ReadOnlySpan<T> source = MemoryMarshal.Cast<byte, T>(sourceBytes);
        Span<T> destination = MemoryMarshal.Cast<byte, T>(destinationBytes);
        int[] strides = ColumnMajorStrides(shape);
        var coordinates = new int[shape.Rank];
        int last = shape.Rank - 1;
        for (int at = 0, from = 0; at < destination.Length;)
        {
            for (int i = 0; i < shape[last]; i++)
            {
                destination[at++] = source[from + (i * strides[last])];
            }

            // Like an odometer: the innermost coordinate that does not turn over moves on.
            for (int d = last - 1; d >= 0; d--)
            {
                from += strides[d];
                if (++coordinates[d] < shape[d])
                {
                    break;
                }

                from -= strides[d] * coordinates[d];
                coordinates[d] = 0;
            }
        }
    }

    // Called for data that is there, so products fit an int, but an empty shape may have any sizes beside its zero.
    private static int[] ColumnMajorStrides(TensorShape shape)
    {
        var strides = new int[shape.Rank];
        int stride = 1;
        for (int d = 0; d < shape.Rank && shape.ElementCount > 0; d++)
        {
            strides[d] = stride;
            stride *= (int)shape[d];
        }

        return strides;
    }
}
