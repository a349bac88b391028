using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace EmbedStore.Tensors.Tests;

public class SafetensorsReaderTests
{
    /// <summary>Written by the reference library: <c>w</c> F32 [2, 2] = 1, 2, 3, 4 with metadata <c>format: pt</c>.</summary>
    internal static readonly byte[] Golden = Convert.FromHexString(
        "58000000000000007b225f5f6d657461646174615f5f223a7b22666f726d6174223a227074227d2c2277223a7b226474797065223a22463332222c22" +
        "7368617065223a5b322c325d2c22646174615f6f666673657473223a5b302c31365d7d7d0000803f000000400000404000008040");

    [Fact]
    public void Read_GoldenFile_GivesViewsOverTheBody()
    {
        SafetensorsMessage message = SafetensorsReader.Read(Golden);

        Tensor tensor = Assert.Single(message.Tensors, pair => pair.Key == "w").Value;
        Assert.Equal((ElementType.F32, "[2, 2]"), (tensor.Type, tensor.Shape.ToString()));
        Assert.Equal([1f, 2f, 3f, 4f], MemoryMarshal.Cast<byte, float>(tensor.Data.Span).ToArray());
        Assert.Equal("pt", message.Metadata["format"]);
        Assert.True(MemoryMarshal.TryGetArray(tensor.Data, out ArraySegment<byte> segment) && ReferenceEquals(segment.Array, Golden));
    }

    [Fact]
    public void Read_FileOfZeroToSevenBytes_IsRefused()
    {
        for (int length = 0; length < 8; length++)
        {
            Refuse(Golden[..length], length, "at least 8 bytes");
        }
    }

    [Fact]
    public void Read_HugeHeaderLength_IsRefused()
    {
        Refuse(Convert.FromHexString("3c00000000ffffff"), 0, "at most 100000000");
        Refuse(Convert.FromHexString("01e1f50500000000"), 0, "claims 100000001 bytes");
        Refuse(Convert.FromHexString("ffffffffffffffff"), 0, "claims 18446744073709551615 bytes");
    }

    [Fact]
    public void Read_HeaderLengthBeyondFile_IsRefusedWithItsOffset() => Refuse(Golden[..50], 50, "ends at byte 96; the body has 50");

    [Fact]
    public void Read_TwoBytesMissing_IsRefused() => Refuse(Golden[..^2], 110, "take 16 bytes behind the header; the body has 14");

    [Fact]
    public void Read_TrailingBytes_IsRefused() => Refuse([.. Golden, 0, 0], 112, "take 16 bytes behind the header; the body has 18");

    [Fact]
    public void Read_HeaderThatIsNotUtf8_IsRefused()
    {
        Refuse([1, 0, 0, 0, 0, 0, 0, 0, 0xFF], 8, "not UTF-8");
        Refuse([.. Length(6), .. "{\"a\""u8, 0xC3, (byte)'}'], 12, "not UTF-8");
    }

    [Theory]
    [InlineData("", 8, "begin with '{'")]
    [InlineData(" {}", 8, "begin with '{'")]
    [InlineData("\t\n{}\r ", 8, "begin with '{'")]
    [InlineData("[]", 8, "begin with '{'")]
    [InlineData("{", 9, "not valid")]
    [InlineData("{}x", 10, "not valid")]
    [InlineData("{} {}", 11, "not valid")]
    [InlineData("{\n\"a\":?}", 14, "not valid")]
    [InlineData("{\"a\":1}", 13, "Tensor 'a' must be an object; found a number")]
    [InlineData("{\"a\":{}}", 9, "must have dtype, shape and data_offsets")]
    [InlineData("{\"a\":{\"dtype\":5}}", 22, "must be a string")]
    [InlineData("{\"a\":{\"dtype\":\"U16\"}}", 22, "is 'U16'; supported are F32, F16, BF16, F64, I64, I32, I16, I8, U8, BOOL")]
    [InlineData("{\"a\":{\"dtype\":\"F8_E4M3\"}}", 22, "is 'F8_E4M3'; supported are")]
    [InlineData("{\"a\":{\"dtype\":\"F4\"}}", 22, "is 'F4'; supported are")]
    [InlineData("{\"a\":{\"dtype\":\"f32\"}}", 22, "is 'f32'; supported are")]
    [InlineData("{\"a\":{\"shape\":2}}", 22, "shape of tensor 'a' must be a list")]
    [InlineData("{\"a\":{\"shape\":[-1]}}", 23, "has -1")]
    [InlineData("{\"a\":{\"shape\":[1.0]}}", 23, "has 1.0")]
    [InlineData("{\"a\":{\"shape\":[1e2]}}", 23, "has 1e2")]
    [InlineData("{\"a\":{\"shape\":[true]}}", 23, "must be a number; found a boolean")]
    [InlineData("{\"a\":{\"shape\":[2,18446744073709551614]}}", 25, "has 18446744073709551614")]
    [InlineData("{\"a\":{\"shape\":[1,1,1,1,1,1,1,1,1]}}", 39, "more than 8 numbers")]
    [InlineData("{\"a\":{\"data_offsets\":[0]}}", 31, "must be two numbers; found 1")]
    [InlineData("{\"a\":{\"data_offsets\":[0,0,0]}}", 34, "more than 2 numbers")]
    [InlineData("{\"a\":{\"what\":1}}", 14, "has the key 'what'")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\"}}", 28, "'dtype' stands twice")]
    [InlineData("{\"__metadata__\":{\"a\":1}}", 29, "must be a string; found a number")]
    [InlineData("{\"__metadata__\":[]}", 24, "must be an object")]
    [InlineData("{\"__metadata__\":{\"a\":\"\",\"\\u0061\":\"\"}}", 32, "'a' stands twice")]
    [InlineData("{\"__metadata__\":{},\"__metadata__\":{}}", 27, "stands twice")]
    [InlineData("{\"\\ud800\":1}", 9, "half a surrogate pair")]
    public void Read_HeaderOutsideTheSchema_IsRefused(string json, long offset, string words) => Refuse(File(json, 0), offset, words);

    [Theory]
    [InlineData("{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[1,3]}}", 3, 9, "lies in [1, 3) but must begin at 0")]
    [InlineData("{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[2,0]}}", 2, 9, "lies in [2, 0)")]
    [InlineData("{\"a\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[0,2]}}", 2, 9, "U8 [3], takes 3 bytes but has 2")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,0]}}", 0, 9, "F32 [], takes 4 bytes but has 0")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[2,9223372036854775807],\"data_offsets\":[0,16]}}", 16, 9, "more than 9223372036854775807 elements")]
    [InlineData("{\"a\":{\"dtype\":\"F64\",\"shape\":[9223372036854775807],\"data_offsets\":[0,16]}}", 16, 9, "takes 73786976294838206456 bytes")]
    [InlineData("{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]},\"b\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[1,2]}}", 2, 61, "lies in [1, 2) but must begin at 2")]
    [InlineData("{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},\"b\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[2,3]}}", 3, 61, "must begin at 1")]
    public void Read_TensorsThatDoNotFitTogether_IsRefused(string json, int dataLength, long offset, string words) => Refuse(File(json, dataLength), offset, words);

    [Fact]
    public void Read_TenTensorsThatShareOneRange_IsRefused()
    {
        string json = "{" + string.Join(",", Enumerable.Range(0, 10).Select(i => Entry($"t{i}", 0, 4))) + "}";

        Refuse(File(json, 4), json.IndexOf("\"t1\"", StringComparison.Ordinal) + 8, "Tensor 't1' lies in [0, 4) but must begin at 4");
    }

    [Fact]
    public void Read_DuplicateTensorName_IsRefused()
    {
        string json = "{" + Entry("a", 0, 4) + "," + Entry("a", 4, 8) + "}";

        Refuse(File(json, 8), json.LastIndexOf("\"a\"", StringComparison.Ordinal) + 8, "'a' stands twice");
    }

    [Fact]
    public void Read_OneTensorTooMany_IsRefused()
    {
        string Json(int count) => "{" + string.Join(",", Enumerable.Range(0, count).Select(i => Entry($"t{i}", i * 4, (i * 4) + 4))) + "}";

        Assert.Equal(1024, SafetensorsReader.Read(File(Json(1024), 4096)).Tensors.Count);
        Refuse(File(Json(1025), 4100), Json(1025).LastIndexOf("\"t1024\"", StringComparison.Ordinal) + 8, "at most 1024");
    }

    [Fact]
    public void Read_NameThatIsTooLong_IsRefused()
    {
        string longest = new('é', 128);

        Assert.Single(SafetensorsReader.Read(File("{" + Entry(longest, 0, 4) + "}", 4)).Tensors);
        Refuse(File("{" + Entry(longest + "x", 0, 4) + "}", 4), 9, "has 257 bytes; at most 256");
    }

    [Fact]
    public void Read_DeepJson_IsRefused() => Refuse(File("{\"a\":" + new string('[', 100_000), 0), 13, "must be an object; found a list");

    [Theory]
    [InlineData("{}", 0)]
    [InlineData("{}      ", 0)]
    [InlineData("{\"a\":{\"dtype\":\"F64\",\"shape\":[],\"data_offsets\":[0,8]}}", 8)]
    [InlineData("{\"a\":{\"dtype\":\"F64\",\"shape\":[0,7],\"data_offsets\":[0,0]}}", 0)]
    [InlineData("{\"b\":{\"data_offsets\":[2,4],\"shape\":[1],\"dtype\":\"F16\"},\"a\":{\"dtype\":\"BOOL\",\"shape\":[2],\"data_offsets\":[0,2]},\"e\":{\"dtype\":\"I8\",\"shape\":[0],\"data_offsets\":[2,2]}}", 4)]
    public void Read_LegalOddities_IsAccepted(string json, int dataLength)
    {
        SafetensorsMessage message = SafetensorsReader.Read(File(json, dataLength));

        Assert.Equal(dataLength, message.Tensors.Values.Sum(tensor => tensor.Data.Length));
    }

    [Fact]
    public void Parse_BufferStillToCome_KnowsItsLength()
    {
        Assert.False(SafetensorsHeader.TryReadHeaderLength(Golden.AsSpan(0, 7), out _));
        Assert.True(SafetensorsHeader.TryReadHeaderLength(Golden.AsSpan(0, 8), out int length));

        var header = SafetensorsHeader.Parse(Golden.AsSpan(8, length), bufferByteCount: null);

        Assert.Equal((88, 16L), (header.HeaderByteCount, header.BufferByteCount));
        Assert.Equal(new SafetensorsEntry("w", ElementType.F32, TensorShape.Of(2, 2), 0, 16), Assert.Single(header.Entries));
    }

    [Fact]
    public void Read_MutatedFiles_GivesTensorsOrARefusal() => Refusal.CheckMutations(Golden, bytes => SafetensorsReader.Read(bytes), seed: 11);

    internal static byte[] File(string json, int dataLength)
    {
        byte[] header = Encoding.UTF8.GetBytes(json);
        return [.. Length(header.Length), .. header, .. new byte[dataLength]];
    }

    private static byte[] Length(int length)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, length);
        return bytes;
    }

    private static string Entry(string name, int begin, int end) => $"\"{name}\":{{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[{begin},{end}]}}";

    private static void Refuse(byte[] body, long offset, string words) => Refusal.Check(() => SafetensorsReader.Read(body), offset, words);
}
