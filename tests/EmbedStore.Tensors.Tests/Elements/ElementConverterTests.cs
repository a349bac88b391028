using System.Runtime.InteropServices;

namespace EmbedStore.Tensors.Tests;

public class ElementConverterTests
{
    private const int LengthMax = 67; // Beyond four vectors of the widest kind, and their tails.

    public static TheoryData<ElementType, ElementType> Pairs()
    {
        var pairs = new TheoryData<ElementType, ElementType>();
        foreach (ElementType from in ElementSamples.Types)
        {
            foreach (ElementType to in ElementSamples.Types)
            {
                pairs.Add(from, to);
            }
        }

        return pairs;
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public void Convert_EveryPairAtEveryLength_AgreesWithTheScalarReference(ElementType from, ElementType to)
    {
        if (!ElementConverter.CanConvert(from, to))
        {
            Assert.Throws<ArgumentException>(() => ElementConverter.Convert(default, from, default, to));
            return;
        }

        var random = new Random(1000 + ((int)from * 16) + (int)to);
        for (int length = 0; length <= LengthMax; length++)
        {
            byte[] source = ElementSamples.Draw(from, length, random);

            CheckConversion(source, from, to, length);
        }
    }

    /// <summary>Longer than the chunks of the two-step conversions, and not a multiple of them.</summary>
    [Theory]
    [MemberData(nameof(Pairs))]
    public void Convert_ThousandsOfElements_AgreesWithTheScalarReference(ElementType from, ElementType to)
    {
        const int Length = 2_345;
        if (ElementConverter.CanConvert(from, to))
        {
            CheckConversion(ElementSamples.Draw(from, Length, new Random(7)), from, to, Length);
        }
    }

    [Fact]
    public void Convert_EveryBrainFloatAndHalf_SurvivesTheWayToBinary32AndBack()
    {
        ushort[] all = [.. Enumerable.Range(0, 65536).Select(bits => (ushort)bits)];
        byte[] wide = new byte[all.Length * 4], back = new byte[all.Length * 2];
        foreach (ElementType type in new[] { ElementType.BF16, ElementType.F16 })
        {
            ElementConverter.Convert(MemoryMarshal.AsBytes<ushort>(all), type, wide, ElementType.F32);
            ElementConverter.Convert(wide, ElementType.F32, back, type);

            for (int i = 0; i < all.Length; i++)
            {
                AssertSameElement(MemoryMarshal.AsBytes(all.AsSpan(i, 1)), back.AsSpan(i * 2, 2), type, $"bits {i:X4}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public void CanConvert_EveryPair_FollowsTheRule(ElementType from, ElementType to)
    {
        ElementType[] order = [ElementType.Bool, ElementType.U8, ElementType.I8, ElementType.I16, ElementType.I32, ElementType.I64];
        bool widens = to.IsInteger() && Array.IndexOf(order, from) >= 0 && Array.IndexOf(order, to) > Array.IndexOf(order, from) && (from, to) != (ElementType.U8, ElementType.I8);

        Assert.Equal(from == to || to.IsFloatingPoint() || widens, ElementConverter.CanConvert(from, to));
    }

    [Fact]
    public void Convert_LengthsThatDoNotFit_IsRefusedAndWritesNothing()
    {
        byte[] destination = [9, 9, 9, 9, 9, 9, 9];

        Assert.Throws<ArgumentException>(() => ElementConverter.Convert(new byte[4], ElementType.F32, destination, ElementType.F64));
        Assert.Throws<ArgumentException>(() => ElementConverter.Convert(new byte[3], ElementType.F16, destination, ElementType.F32));

        Assert.All(destination, element => Assert.Equal(9, element));
    }

    [Theory]
    [InlineData(ElementType.I64, ElementType.I32, 2147483647L, 2147483648L)]
    [InlineData(ElementType.I64, ElementType.I16, -32768L, -32769L)]
    [InlineData(ElementType.I64, ElementType.I8, 127L, 128L)]
    [InlineData(ElementType.I64, ElementType.U8, 255L, -1L)]
    [InlineData(ElementType.I32, ElementType.U8, 0L, 256L)]
    [InlineData(ElementType.I8, ElementType.U8, 127L, -1L)]
    [InlineData(ElementType.U8, ElementType.I8, 127L, 128L)]
    public void ConvertChecked_OneElementDoesNotFit_ReportsTheFirstPositionAndWritesNothing(ElementType from, ElementType to, long good, long bad)
    {
        foreach (int length in new[] { 1, 7, 64, 511, 512, 513, 1500 })
        {
            foreach (int position in new[] { 0, length / 2, length - 1 })
            {
                byte[] source = Repeat(good, from, length);
                byte[] destination = new byte[length * to.ByteCount()];
                Assert.Equal(-1, ElementConverter.ConvertChecked(source, from, destination, to));
                Assert.Equal(Repeat(good, to, length), destination);

                ScalarReference.Write(bad, from).CopyTo(source, position * from.ByteCount());
                ScalarReference.Write(bad, from).CopyTo(source, (length - 1) * from.ByteCount());
                Array.Fill(destination, (byte)0xEE);

                Assert.Equal(position, ElementConverter.FirstNotRepresentable(source, from, to));
                Assert.Equal(position, ElementConverter.ConvertChecked(source, from, destination, to));
                Assert.All(destination, element => Assert.Equal(0xEE, element));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public void FirstNotRepresentable_EveryPair_AgreesWithTheScalarReference(ElementType from, ElementType to)
    {
        bool integers = (from.IsInteger() || from == ElementType.Bool) && to.IsInteger();
        if (!integers)
        {
            Assert.Throws<ArgumentException>(() => ElementConverter.FirstNotRepresentable(default, from, to));
            return;
        }

        var random = new Random(3);
        for (int length = 0; length <= LengthMax; length++)
        {
            byte[] source = ElementSamples.Draw(from, length, random);

            Assert.Equal(FirstOverflow(source, from, to), ElementConverter.FirstNotRepresentable(source, from, to));
        }
    }

    [Theory]
    [InlineData(ElementType.I64)]
    [InlineData(ElementType.I32)]
    [InlineData(ElementType.I16)]
    [InlineData(ElementType.I8)]
    [InlineData(ElementType.U8)]
    public void ReadIntegers_DataAtAnOddAddress_ReadsEveryElement(ElementType type)
    {
        for (int length = 0; length <= LengthMax; length++)
        {
            byte[] elements = ElementSamples.Draw(type, length, new Random(length));
            byte[] shifted = [0xFF, .. elements];
            long[] integers = new long[length];

            ElementConverter.ReadIntegers(new Tensor(type, TensorShape.Of(length), shifted.AsMemory(1)), integers);

            Assert.Equal(Enumerable.Range(0, length).Select(i => (long)ScalarReference.Read(elements.AsSpan(i * type.ByteCount()), type)), integers);
        }
    }

    [Fact]
    public void ReadIntegers_FloatsOrAnotherCount_IsRefused()
    {
        Assert.Throws<ArgumentException>(() => ElementConverter.ReadIntegers(Tensor.Of(TensorShape.Of(1), 1f), new long[1]));
        Assert.Throws<ArgumentException>(() => ElementConverter.ReadIntegers(Tensor.Of(TensorShape.Of(1), 1L), new long[2]));
    }

    private static void CheckConversion(byte[] source, ElementType from, ElementType to, int length)
    {
        byte[] shiftedSource = [0xFF, .. source];
        byte[] shiftedDestination = new byte[(length * to.ByteCount()) + 1];
        ElementConverter.Convert(shiftedSource.AsSpan(1), from, shiftedDestination.AsSpan(1), to);

        for (int i = 0; i < length; i++)
        {
            ReadOnlySpan<byte> element = source.AsSpan(i * from.ByteCount(), from.ByteCount());
            ReadOnlySpan<byte> actual = shiftedDestination.AsSpan(1 + (i * to.ByteCount()), to.ByteCount());
            byte[] expected = from == to ? element.ToArray() : ScalarReference.Write(ToNumber(ScalarReference.Read(element, from), to), to);
            AssertSameElement(expected, actual, to, $"{from} {Convert.ToHexString(element)} to {to} at {i} of {length}");
        }
    }

    // Only an integer type takes a long; only a floating type gives a double.
    private static object ToNumber(object number, ElementType to) => to.IsInteger() ? Convert.ToInt64(number, null) : number;

    private static void AssertSameElement(ReadOnlySpan<byte> expected, ReadOnlySpan<byte> actual, ElementType type, string what)
    {
        bool same = expected.SequenceEqual(actual)
            || (type.IsFloatingPoint() && ScalarReference.Read(expected, type) is double.NaN && ScalarReference.Read(actual, type) is double.NaN);
        Assert.True(same, $"{what}: expected {Convert.ToHexString(expected)}, got {Convert.ToHexString(actual)}");
    }

    private static byte[] Repeat(long value, ElementType type, int length) =>
        [.. Enumerable.Range(0, length).SelectMany(_ => ScalarReference.Write(value, type))];

    private static int FirstOverflow(byte[] source, ElementType from, ElementType to)
    {
        for (int i = 0; i < source.Length / from.ByteCount(); i++)
        {
            try
            {
                ScalarReference.Write(ScalarReference.Read(source.AsSpan(i * from.ByteCount()), from), to);
            }
            catch (OverflowException)
            {
                return i;
            }
        }

        return -1;
    }
}
