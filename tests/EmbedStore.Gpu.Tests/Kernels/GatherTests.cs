using EmbedStore.Shards;
using EmbedStore.Tensors;
using EmbedStore.Testing;

namespace EmbedStore.Gpu.Tests;

/// <summary>The gather of the device gives what a copy row by row gives, at every length and width where loads and threads have edges.</summary>
[Collection(DeviceTests.Name)]
public sealed class GatherTests
{
    private const int SlotCount = 70;

    private static readonly int[] Lengths = [.. Enumerable.Range(0, 68), 127, 128, 129, 255, 256, 257];

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(16)]
    [InlineData(63)]
    [InlineData(64)]
    [InlineData(65)]
    [InlineData(1024)]
    [InlineData(1025)]
    [InlineData(4096)]
    public void Gather_EveryLength_GivesTheRowsBitForBit(int width)
    {
        using var rig = new DeviceRig(new RowFormat(ElementType.F32, width), SlotCount, TestSeed.Current + width, laneByteCount: 5 << 20);
        var gather = new RowGather(rig.Device, rig.Slab);
        var random = new Random(TestSeed.Current);
        foreach (int length in Lengths)
        {
            AssertGathers(rig, gather, Slots(random, length));
        }
    }

    [Fact]
    public void Gather_EveryElementTypeAndWidth_GivesTheRowsBitForBit()
    {
        var random = new Random(TestSeed.Current);
        foreach (ElementType type in (ElementType[])[ElementType.F16, ElementType.BF16, ElementType.F64, ElementType.I64, ElementType.I32, ElementType.U8, ElementType.I8])
        {
            foreach (int width in (int[])[1, 2, 3, 4, 5, 8, 16, 17, 67])
            {
                using var rig = new DeviceRig(new RowFormat(type, width), SlotCount, random.Next());
                AssertGathers(rig, new RowGather(rig.Device, rig.Slab), Slots(random, 67));
            }
        }

        using var scaled = new DeviceRig(new RowFormat(ElementType.I8, 67, scaledByRow: true), SlotCount, random.Next());
        AssertGathers(scaled, new RowGather(scaled.Device, scaled.Slab), Slots(random, 67));
    }

    [Theory]
    [InlineData(0, -1)]
    [InlineData(0, SlotCount)]
    [InlineData(33, int.MinValue)]
    [InlineData(66, int.MaxValue)]
    public void Gather_SlotOutsideTheSlab_ReportsItsPositionAndDoesNothing(int badPosition, int badSlot)
    {
        using var rig = new DeviceRig(new RowFormat(ElementType.F32, 16), SlotCount, TestSeed.Current);
        var gather = new RowGather(rig.Device, rig.Slab);
        int[] slots = Slots(new Random(TestSeed.Current), 67);
        slots[badPosition] = badSlot;
        rig.Device.Fault = static step => Assert.Equal(DeviceStep.Wait, step);

        Assert.Null(rig.Gather(gather, slots, null, out int bad));
        Assert.Equal(badPosition, bad);
    }

    [Theory]
    [InlineData(ElementType.F32)]
    [InlineData(ElementType.F16)]
    [InlineData(ElementType.BF16)]
    [InlineData(ElementType.F64)]
    [InlineData(ElementType.I8)]
    public void Gather_InAnotherType_RoundsAsTheProcessorDoes(ElementType from)
    {
        var random = new Random(TestSeed.Current);
        foreach (int width in (int[])[1, 3, 4, 16, 63, 64])
        {
            using var rig = new DeviceRig(new RowFormat(from, width), SlotCount, random.Next());
            var gather = new RowGather(rig.Device, rig.Slab);
            foreach (ElementType to in (ElementType[])[ElementType.F32, ElementType.F16, ElementType.BF16, ElementType.F64])
            {
                Assert.Equal(from != to, gather.Converts(to));
                if (from == to)
                {
                    continue;
                }

                int[] slots = Slots(random, 67);
                byte[] expected = new byte[slots.Length * width * to.ByteCount()];
                for (int i = 0; i < slots.Length; i++)
                {
                    ElementConverter.Convert(rig.Row(slots[i]), from, expected.AsSpan(i * width * to.ByteCount(), width * to.ByteCount()), to);
                }

                AssertSameNumbers(to, expected, rig.Gather(gather, slots, to, out _)!.Value.Rows, $"{from} to {to}, width {width}");
            }
        }
    }

    [Fact]
    public void Gather_RowsWithAScale_AreDecodedAsTheProcessorDoes()
    {
        const int Width = 37;
        var format = new RowFormat(ElementType.I8, Width, scaledByRow: true);
        using var rig = new DeviceRig(format, DeviceRig.Numbers(format, SlotCount, new Random(TestSeed.Current)));
        var gather = new RowGather(rig.Device, rig.Slab);
        int[] slots = Slots(new Random(TestSeed.Current), 67);
        float[] values = new float[Width];
        foreach (ElementType to in (ElementType[])[ElementType.F32, ElementType.F16, ElementType.BF16, ElementType.F64])
        {
            byte[] actual = rig.Gather(gather, slots, to, out _)!.Value.Rows;
            byte[] expected = new byte[Width * to.ByteCount()];
            for (int i = 0; i < slots.Length; i++)
            {
                ScaledRow.Decode(rig.Row(slots[i]), values);
                ElementConverter.Convert(System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(values), ElementType.F32, expected, to);
                Assert.Equal(expected, actual.AsSpan(i * expected.Length, expected.Length).ToArray());
            }
        }
    }

    [Fact]
    public void Elements16_EveryValueOf16Bits_ConvertsAsTheProcessorDoes()
    {
        for (int bits = 0; bits <= ushort.MaxValue; bits++)
        {
            float half = (float)BitConverter.UInt16BitsToHalf((ushort)bits);
            Assert.True(Same(half, Elements16.FromHalf((ushort)bits)), $"half {bits:x}");
            Assert.True(Same(BrainFloat.ToSingle((ushort)bits), Elements16.FromBrain((ushort)bits)), $"brain {bits:x}");
        }

        var random = new Random(TestSeed.Current);
        for (int i = 0; i < 1_000_000; i++)
        {
            float value = BitConverter.Int32BitsToSingle(random.Next(int.MinValue, int.MaxValue));
            float small = (float)((random.NextDouble() - 0.5) * Math.Pow(2, random.Next(-30, 18)));
            foreach (float number in (float[])[value, small])
            {
                Half expected = (Half)number;
                ushort actual = Elements16.ToHalf(number);
                Assert.True(Half.IsNaN(expected) ? Half.IsNaN(BitConverter.UInt16BitsToHalf(actual)) : BitConverter.HalfToUInt16Bits(expected) == actual, $"{number:R} {TestSeed.Hint}");
                Assert.True(BrainFloat.FromSingle(number) == Elements16.ToBrain(number), $"{number:R} {TestSeed.Hint}");
            }
        }
    }

    /// <summary>A table of more elements than an int counts: places are computed, not allocated.</summary>
    [Fact]
    public void Place_BeyondTwoToThe31_DoesNotWrapAround()
    {
        Assert.Equal(8_796_093_018_112 + 4095, Walk.Place(int.MaxValue, 4096, 4095));
        Assert.Equal((1L << 40) + 7, Walk.Place(1 << 30, 1024, 7));
        Assert.Equal((long)int.MaxValue * 256 * 132 * 32, Walk.Place((long)int.MaxValue * 256, 132 * 32, 0));
    }

    private static bool Same(float expected, float actual) =>
        float.IsNaN(expected) ? float.IsNaN(actual) : BitConverter.SingleToInt32Bits(expected) == BitConverter.SingleToInt32Bits(actual);

    private static int[] Slots(Random random, int length) => [.. Enumerable.Range(0, length).Select(_ => random.Next(SlotCount))];

    private static void AssertGathers(DeviceRig rig, RowGather gather, int[] slots)
    {
        (byte[] rows, long[] versions) = rig.Gather(gather, slots, null, out int bad)!.Value;
        Assert.Equal(-1, bad);
        byte[] expected = [.. slots.SelectMany(slot => rig.Row(slot).ToArray())];
        Assert.True(expected.AsSpan().SequenceEqual(rows), $"{rig.Layout.Rows.ElementType} {rig.Layout.Rows.Width}, length {slots.Length}, {TestSeed.Hint}");
        Assert.Equal(slots.Select(static slot => slot + 1L), versions);
    }

    /// <summary>Bits, but for the payload of a NaN.</summary>
    private static void AssertSameNumbers(ElementType type, byte[] expected, byte[] actual, string where)
    {
        double[] a = TensorValues.ToDoubles(type, expected);
        double[] b = TensorValues.ToDoubles(type, actual);
        for (int i = 0; i < a.Length; i++)
        {
            Assert.True(double.IsNaN(a[i]) ? double.IsNaN(b[i]) : BitConverter.DoubleToInt64Bits(a[i]) == BitConverter.DoubleToInt64Bits(b[i]), $"{where}: {a[i]:R} and {b[i]:R}, {TestSeed.Hint}");
        }
    }
}
