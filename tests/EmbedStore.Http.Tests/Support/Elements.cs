using System.Runtime.InteropServices;
using System.Text.Json;
using EmbedStore.Tensors;
using EmbedStore.Testing;

namespace EmbedStore.Http.Tests;

internal static class Elements
{
    public static long[] Integers(this Tensor tensor) => MemoryMarshal.Cast<byte, long>(tensor.Data.Span).ToArray();

    public static float[] Floats(this Tensor tensor) => MemoryMarshal.Cast<byte, float>(tensor.Data.Span).ToArray();

    public static long[] Longs(this JsonElement list) => list.EnumerateArray().Select(static number => number.GetInt64()).ToArray();

    public static Tensor F32(TensorShape shape, params float[] elements) => Tensor.Of(shape, elements);

    /// <summary>Any numbers as elements of any type but BOOL, through the product's own conversion, which has its own tests.</summary>
    public static Tensor Of(ElementType type, TensorShape shape, params double[] numbers)
    {
        byte[] data = new byte[numbers.Length * type.ByteCount()];
        if (type.IsFloatingPoint())
        {
            ElementConverter.Convert(MemoryMarshal.AsBytes(numbers.AsSpan()), ElementType.F64, data, type);
        }
        else
        {
            long[] integers = [.. numbers.Select(static number => (long)number)];
            Assert.Equal(-1, ElementConverter.ConvertChecked(MemoryMarshal.AsBytes(integers.AsSpan()), ElementType.I64, data, type));
        }

        return new Tensor(type, shape, data);
    }

    public static double[] Doubles(this Tensor tensor)
    {
        var numbers = new double[tensor.Shape.ElementCount];
        ElementConverter.Convert(tensor.Data.Span, tensor.Type, MemoryMarshal.AsBytes(numbers.AsSpan()), ElementType.F64);
        return numbers;
    }

    /// <summary>The answer's rows are these numbers, whatever their type.</summary>
    public static async Task HoldsAsync(this Task<Answer> answer, params double[] expected) => Assert.Equal(expected, (await answer).Rows().Doubles());

    public static Tensor Mask(params bool[] flags) => new(ElementType.Bool, TensorShape.Of(flags.Length), flags.Select(static flag => flag ? (byte)1 : (byte)0).ToArray());
}
