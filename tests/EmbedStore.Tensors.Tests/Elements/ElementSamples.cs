namespace EmbedStore.Tensors.Tests;

/// <summary>Elements of every type with data: random bits, mixed with the values at which conversions go wrong.</summary>
internal static class ElementSamples
{
    public static readonly ElementType[] Types = [.. Enum.GetValues<ElementType>().Where(static type => type != ElementType.Str)];

    private static readonly double[] Floats =
    [
        0.0, -0.0, 1, -1, double.NaN, double.PositiveInfinity, double.NegativeInfinity,
        1 + (1 / 256.0), 1 + (3 / 256.0), 1 + (1 / 2048.0), 1 + (3 / 2048.0), -1 - (1 / 256.0), // Ties of BF16 and F16.
        1 + (1 / 256.0) + 1e-12, 1 + (1 / 256.0) - 1e-12, 1 + (1 / 2048.0) + 1e-12, 1 + (1 / 2048.0) - 1e-12, // Beside them, nearer than a binary32 sees.
        65504, 65519.99, 65520, 65536, -65520, float.MaxValue, 3.39e38, 3.3961775292304957e38, 1e39, double.MaxValue, // Where infinity begins.
        5.960464477539063e-8, 2.9802322387695312e-8, 2.98023223876954e-8, 6.1e-5, 6.103515625e-5, // Subnormals of F16.
        float.Epsilon, 9.2e-41, 4.59e-41, 1.1754942e-38, 1e-46, double.Epsilon, // Of BF16 and F32.
        16777216, 16777217, 16777219, 0.1, 3.14159265358979,
    ];

    private static readonly long[] Integers =
    [
        0, 1, -1, 127, 128, -128, -129, 255, 256, 32767, 32768, -32768, -32769, 65535, int.MaxValue, int.MinValue, 1L + int.MaxValue, -1L + int.MinValue,
        257, 259, 65519, 65520, 16777217, 16777219, 0x8080_0000, 0x8080_0001, 0x0080_8000_0000_0001, 0x0101_0000_0000_0001, (1L << 53) + 1, (1L << 53) + 3,
        0x4040_0000_0000_0000, 0x4040_0000_0000_0001, 0x403F_FFFF_FFFF_FFFF, -0x4040_0000_0000_0001, long.MaxValue, long.MinValue,
    ];

    /// <summary>Elements of one type. Unit of <paramref name="count"/>: elements.</summary>
    public static byte[] Draw(ElementType type, int count, Random random)
    {
        int size = type.ByteCount();
        var bytes = new byte[count * size];
        random.NextBytes(bytes);
        for (int i = 0; i < count; i++)
        {
            if (random.Next(2) == 0)
            {
                Special(type, random).CopyTo(bytes, i * size);
            }
        }

        return bytes;
    }

    private static byte[] Special(ElementType type, Random random)
    {
        double value = Floats[random.Next(Floats.Length)];
        long integer = Integers[random.Next(Integers.Length)];
        return type switch
        {
            ElementType.F32 => BitConverter.GetBytes((float)value),
            ElementType.F16 => BitConverter.GetBytes((Half)value),
            ElementType.BF16 => BitConverter.GetBytes((ushort)(BitConverter.SingleToUInt32Bits((float)value) >> 16)),
            ElementType.F64 => BitConverter.GetBytes(value),
            ElementType.I64 => BitConverter.GetBytes(integer),
            ElementType.I32 => BitConverter.GetBytes((int)integer),
            ElementType.I16 => BitConverter.GetBytes((short)integer),
            ElementType.Bool => [(byte)random.Next(3)],
            _ => [(byte)integer],
        };
    }
}
