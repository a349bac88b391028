using System.Buffers;
using System.Text;
using System.Text.Json;

namespace EmbedStore.Tensors.Tests;

public class JsonTensorWriterTests
{
    [Fact]
    public void WriteTensors_SmallTensor_HasTheFormOfTheContract() => Assert.Equal(
        """{"tensors":{"rows":{"dtype":"F32","shape":[2,3],"data":[1,-0.5,0.1,"NaN","Infinity","-Infinity"]}}}""",
        Write(Tensor.Of(TensorShape.Of(2, 3), 1f, -0.5f, 0.1f, float.NaN, float.PositiveInfinity, float.NegativeInfinity)));

    [Fact]
    public void WriteTensors_BooleansAndScalars_AreWrittenAsSuch()
    {
        Assert.Equal("""{"tensors":{"rows":{"dtype":"BOOL","shape":[3],"data":[true,false,true]}}}""", Write(new Tensor(ElementType.Bool, TensorShape.Of(3), new byte[] { 1, 0, 7 })));
        Assert.Equal("""{"tensors":{"rows":{"dtype":"I64","shape":[],"data":[-9223372036854775808]}}}""", Write(Tensor.Of(TensorShape.Scalar, long.MinValue)));
        Assert.Equal("""{"tensors":{"rows":{"dtype":"F64","shape":[0],"data":[]}}}""", Write(new Tensor(ElementType.F64, TensorShape.Of(0), default)));
    }

    [Theory]
    [InlineData(ElementType.F32)]
    [InlineData(ElementType.F64)]
    [InlineData(ElementType.I64)]
    [InlineData(ElementType.I32)]
    [InlineData(ElementType.I16)]
    [InlineData(ElementType.I8)]
    [InlineData(ElementType.U8)]
    public void WriteTensors_RandomBits_ReadBackBitForBit(ElementType type) =>
        CheckRoundTrip(type, ElementSamples.Draw(type, 50_000, new Random(31)));

    /// <summary>The digits that .NET finds for some powers of two are one too few: 2^-25 would come back as its neighbour.</summary>
    [Fact]
    public void WriteTensors_EveryPowerOfTwo_ReadsBackBitForBit()
    {
        CheckRoundTrip(ElementType.F32, [.. Enumerable.Range(-149, 277).SelectMany(power => BitConverter.GetBytes(MathF.ScaleB(1, power)))]);
        CheckRoundTrip(ElementType.F64, [.. Enumerable.Range(-1074, 2098).SelectMany(power => BitConverter.GetBytes(Math.ScaleB(-1, power)))]);
    }

    [Theory]
    [InlineData(ElementType.F16)]
    [InlineData(ElementType.BF16)]
    public void WriteTensors_EveryPatternOfSixteenBits_ReadsBackBitForBit(ElementType type) =>
        CheckRoundTrip(type, [.. Enumerable.Range(0, 65536).SelectMany(bits => BitConverter.GetBytes((ushort)bits))]);

    private static void CheckRoundTrip(ElementType type, byte[] data)
    {
        int size = type.ByteCount();
        var tensor = new Tensor(type, TensorShape.Of(data.Length / size), data);

        Tensor back = JsonTensorReader.Read(Encoding.UTF8.GetBytes(Write(tensor))).Tensors["rows"];

        Assert.Equal((type, tensor.Shape), (back.Type, back.Shape));
        for (int at = 0; at < data.Length; at += size)
        {
            ReadOnlySpan<byte> expected = data.AsSpan(at, size), actual = back.Data.Span.Slice(at, size);
            bool same = expected.SequenceEqual(actual) || (ScalarReference.Read(expected, type) is double.NaN && ScalarReference.Read(actual, type) is double.NaN);
            Assert.True(same, $"{type} {Convert.ToHexString(expected)} came back as {Convert.ToHexString(actual)}");
        }
    }

    private static string Write(Tensor tensor)
    {
        var output = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(output))
        {
            json.WriteStartObject();
            JsonTensorWriter.WriteTensors(json, [new("rows", tensor)]);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(output.WrittenSpan);
    }
}
