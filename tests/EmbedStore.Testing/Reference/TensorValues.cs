using System.Buffers.Binary;
using EmbedStore.Tensors;

namespace EmbedStore.Testing;

/// <summary>Elements of tensors as plain numbers, one at a time.</summary>
public static class TensorValues
{
    /// <summary>Integers and flags of a tensor.</summary>
    public static ReferenceArray ToArray(Tensor tensor) => new(
        [.. tensor.Shape.Select(static size => (int)size)],
        [.. Enumerable.Range(0, (int)tensor.Shape.ElementCount).Select(i => (long)Element(tensor.Type, tensor.Data.Span[(i * tensor.Type.ByteCount())..]))]);

    /// <summary>Elements of a tensor of any type, exact up to 2^53.</summary>
    public static double[] ToDoubles(Tensor tensor) => ToDoubles(tensor.Type, tensor.Data.Span);

    /// <summary>Elements in a run of bytes.</summary>
    public static double[] ToDoubles(ElementType type, ReadOnlySpan<byte> data)
    {
        var values = new double[data.Length / type.ByteCount()];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = Element(type, data[(i * type.ByteCount())..]);
        }

        return values;
    }

    /// <summary>A tensor of any type from numbers that it holds.</summary>
    public static Tensor Of(ElementType type, TensorShape shape, params double[] values)
    {
        var data = new byte[values.Length * type.ByteCount()];
        for (int i = 0; i < values.Length; i++)
        {
            Write(type, values[i], data.AsSpan(i * type.ByteCount()));
        }

        return new Tensor(type, shape, data);
    }

    private static double Element(ElementType type, ReadOnlySpan<byte> at) => type switch
    {
        ElementType.F64 => BinaryPrimitives.ReadDoubleLittleEndian(at),
        ElementType.F32 => BinaryPrimitives.ReadSingleLittleEndian(at),
        ElementType.F16 => (double)BinaryPrimitives.ReadHalfLittleEndian(at),
        ElementType.BF16 => BitConverter.Int32BitsToSingle(BinaryPrimitives.ReadInt16LittleEndian(at) << 16),
        ElementType.I64 => BinaryPrimitives.ReadInt64LittleEndian(at),
        ElementType.I32 => BinaryPrimitives.ReadInt32LittleEndian(at),
        ElementType.I16 => BinaryPrimitives.ReadInt16LittleEndian(at),
        ElementType.I8 => (sbyte)at[0],
        ElementType.Bool => at[0] == 0 ? 0 : 1,
        _ => at[0],
    };

    private static void Write(ElementType type, double value, Span<byte> at)
    {
        switch (type)
        {
            case ElementType.F64: BinaryPrimitives.WriteDoubleLittleEndian(at, value); break;
            case ElementType.F32: BinaryPrimitives.WriteSingleLittleEndian(at, (float)value); break;
            case ElementType.F16: BinaryPrimitives.WriteHalfLittleEndian(at, (Half)value); break;
            case ElementType.BF16: BinaryPrimitives.WriteUInt16LittleEndian(at, (ushort)(BitConverter.SingleToUInt32Bits((float)value) >> 16)); break;
            case ElementType.I64: BinaryPrimitives.WriteInt64LittleEndian(at, (long)value); break;
            case ElementType.I32: BinaryPrimitives.WriteInt32LittleEndian(at, (int)value); break;
            case ElementType.I16: BinaryPrimitives.WriteInt16LittleEndian(at, (short)value); break;
            case ElementType.I8: at[0] = (byte)(sbyte)value; break;
            default: at[0] = (byte)value; break;
        }
    }
}
