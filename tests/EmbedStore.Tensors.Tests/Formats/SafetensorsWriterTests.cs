using System.Buffers;
using System.Text;

namespace EmbedStore.Tensors.Tests;

public class SafetensorsWriterTests
{
    [Fact]
    public void Write_GoldenTensor_GivesTheGoldenFileBitForBit()
    {
        var tensors = new Dictionary<string, Tensor> { ["w"] = Tensor.Of(TensorShape.Of(2, 2), 1f, 2f, 3f, 4f) };

        Assert.Equal(SafetensorsReaderTests.Golden, Write(tensors, new Dictionary<string, string> { ["format"] = "pt" }));
    }

    [Fact]
    public void Write_TensorsOfEveryTypeAndOddNames_ReadsBackTheSame()
    {
        var random = new Random(5);
        var tensors = new Dictionary<string, Tensor>();
        foreach (ElementType type in ElementSamples.Types)
        {
            tensors.Add($"{type} \"é\\\n", new Tensor(type, TensorShape.Of(3, 1, 2), ElementSamples.Draw(type, 6, random)));
            tensors.Add($"{type} empty", new Tensor(type, TensorShape.Of(4, 0), default));
            tensors.Add($"{type} scalar", new Tensor(type, TensorShape.Scalar, ElementSamples.Draw(type, 1, random)));
        }

        byte[] body = Write(tensors, new Dictionary<string, string> { ["b"] = "2", ["a"] = "é\"" });
        SafetensorsMessage message = SafetensorsReader.Read(body);

        Assert.Equal(tensors.Count, message.Tensors.Count);
        Assert.All(tensors, pair => AssertSame(pair.Value, message.Tensors[pair.Key]));
        Assert.Equal("é\"", message.Metadata["a"]);
    }

    [Fact]
    public void Of_TensorsOfSeveralTypes_AlignsEachAndCountsAllBytes()
    {
        var layout = SafetensorsLayout.Of(
            [new("b", ElementType.U8, TensorShape.Of(3)), new("a", ElementType.F16, TensorShape.Of(5)), new("d", ElementType.I64, TensorShape.Of(1)), new("c", ElementType.F64, TensorShape.Of(2))]);

        Assert.Equal(["c", "d", "a", "b"], layout.Entries.Select(entry => entry.Name));
        Assert.All(layout.Entries, entry => Assert.Equal(0, entry.Begin % entry.Type.ByteCount()));
        Assert.Equal(0, layout.Header.Length % 8);
        Assert.Equal(layout.Header.Length + 37, layout.TotalByteCount);
        Assert.Equal(37, SafetensorsHeader.Parse(layout.Header.Span[8..], 37).BufferByteCount);
    }

    [Fact]
    public void Of_NoTensors_IsAnEmptyObject() => Assert.Equal("{}      ", Encoding.UTF8.GetString(SafetensorsLayout.Of([]).Header.Span[8..]));

    [Fact]
    public void Of_NamesThatCannotBeRead_IsRefused()
    {
        static SafetensorsField Field(string name) => new(name, ElementType.U8, TensorShape.Scalar);

        Assert.Throws<ArgumentException>(() => SafetensorsLayout.Of([Field("__metadata__")]));
        Assert.Throws<ArgumentException>(() => SafetensorsLayout.Of([Field("a"), Field("a")]));
        Assert.Throws<ArgumentException>(() => SafetensorsLayout.Of([Field(new string('a', 257))]));
        Assert.Throws<ArgumentException>(() => SafetensorsLayout.Of([new("a", ElementType.U8, TensorShape.Of(1, 1, 1, 1, 1, 1, 1, 1, 1))]));
        Assert.Throws<ArgumentException>(() => SafetensorsLayout.Of([.. Enumerable.Range(0, 1025).Select(i => Field($"{i}"))]));
    }

    internal static void AssertSame(Tensor expected, Tensor actual)
    {
        Assert.Equal((expected.Type, expected.Shape), (actual.Type, actual.Shape));
        Assert.Equal(Convert.ToHexString(expected.Data.Span), Convert.ToHexString(actual.Data.Span));
    }

    private static byte[] Write(Dictionary<string, Tensor> tensors, Dictionary<string, string> metadata)
    {
        var output = new ArrayBufferWriter<byte>();
        SafetensorsWriter.Write(output, tensors, metadata);
        return output.WrittenSpan.ToArray();
    }
}
